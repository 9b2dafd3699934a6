"""NN104: ."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, LossComputed, Rule, Scale, Severity, Step

_UNBOUNDED = (Scale.LOGITS, Scale.DROPPED, Scale.TANH, Scale.LOG_PROBABILITIES)


class LogitsIntoBceLoss(Rule):
    """PAGE"""

    code, name, severity = "NN104", "logits-into-bce-loss", Severity.ERROR
    watches = LossComputed
    words = ("BCELoss", "binary_cross_entropy")

    def check(self, event: LossComputed) -> Iterator[Finding]:
        if event.loss.expects is not Scale.SIGMOID or event.input.scale not in _UNBOUNDED:
            return
        yield self.finding(
            event,
            f"raw scores reach {event.loss.named}, which expects probabilities: `{event.input.made_by}`",
            trail=(*event.input.trail, Step(event.place, f"fed to `{event.loss.called}` here")),
            advice="use the loss that takes raw scores, `BCEWithLogitsLoss`, or apply a sigmoid first",
        )
