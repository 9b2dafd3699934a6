"""NN115: ."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, LossComputed, Rule, Scale, Severity, Step

_WHAT = {
    Scale.NONNEGATIVE: "scores without their negative part",
    Scale.TANH: "scores squeezed into [-1, 1]",
    Scale.DROPPED: "scores of which dropout set some to 0",
}


class ActivationBeforeLogitLoss(Rule):
    """PAGE"""

    code, name, severity = "NN115", "activation-before-logit-loss", Severity.ERROR
    watches = LossComputed
    words = ("Loss", "cross_entropy", "loss")

    def check(self, event: LossComputed) -> Iterator[Finding]:
        what = _WHAT.get(event.input.scale)
        if event.loss.expects is not Scale.LOGITS or what is None:
            return
        yield self.finding(
            event,
            f"{what} reach {event.loss.named}, which expects raw scores: `{event.input.made_by}`",
            trail=(*event.input.trail, Step(event.place, f"fed to `{event.loss.called}` here")),
            advice=f"feed the scores from before `{event.input.made_by}` to the loss",
        )
