"""NN113: ."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Rule, Severity, Step, Thresholded


class LogitsThresholdedAsProbabilities(Rule):
    """PAGE"""

    code, name, severity = "NN113", "logits-thresholded-as-probabilities", Severity.ERROR
    watches = Thresholded
    words = ("round", ">", "<")

    def check(self, event: Thresholded) -> Iterator[Finding]:
        if event.threshold not in (None, 0.5):
            return
        how = "rounded" if event.threshold is None else "compared with 0.5"
        yield self.finding(
            event,
            f"raw scores, trained with `{event.trained_by}`, are {how} like probabilities: `{event.call}`",
            trail=(*event.input.trail, Step(event.place, f"{how} here")),
            advice="apply a sigmoid first, or compare with 0",
        )
