"""NN110: ."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Form, OperationRan, Rule, Scale, Severity, Step


class LogOfSoftmax(Rule):
    """PAGE"""

    code, name, severity = "NN110", "log-of-softmax", Severity.WARNING
    watches = OperationRan
    words = ("log",)

    def check(self, event: OperationRan) -> Iterator[Finding]:
        if event.operation != "log" or not (event.differentiated or event.in_forward) or event.input.guarded:
            return
        if event.input.form is Form.SUM_OF_EXPONENTIALS:
            what, instead = "a sum of exponentials", "torch.logsumexp"
        elif event.input.form is Form.ONE_MINUS:
            return
        elif event.input.scale is Scale.PROBABILITIES:
            what, instead = f"the softmax `{event.input.made_by}`", "F.log_softmax"
        elif event.input.scale is Scale.SIGMOID:
            what, instead = f"the sigmoid `{event.input.made_by}`", "F.logsigmoid"
        else:
            return
        yield self.finding(
            event,
            f"`{event.call}` takes the logarithm of {what}, which overflows where `{instead}` does not",
            trail=(*event.input.trail, Step(event.place, "its logarithm is taken here")),
            advice=f"use `{instead}` of the raw values",
        )
