"""NN111: ."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Form, OperationRan, Rule, Scale, Severity, Step


class UnguardedLog(Rule):
    """PAGE"""

    code, name, severity = "NN111", "unguarded-log", Severity.WARNING
    watches = OperationRan
    words = ("log", "sqrt", "pow")

    def check(self, event: OperationRan) -> Iterator[Finding]:
        if event.input.guarded or not event.differentiated:
            return
        if event.operation == "log" and event.input.form is Form.ONE_MINUS:
            what = "one minus a probability, which is 0 where that is 1"
        elif event.input.scale is Scale.NONNEGATIVE and _steep_at_zero(event):
            what = f"the output of `{event.input.made_by}`, which can be 0"
        else:
            return
        yield self.finding(
            event,
            f"`{event.call}` is differentiated and takes {what}",
            trail=(*event.input.trail, Step(event.place, "the gradient is infinite or NaN at 0")),
            advice="keep the value off 0 by an epsilon or `clamp(min=…)`, or compute it from the raw scores",
        )


def _steep_at_zero(event: OperationRan) -> bool:
    """Whether the derivative of the operation is infinite at 0."""
    if event.operation == "pow":
        exponent = event.options.get("exponent")
        return isinstance(exponent, float) and 0 < exponent < 1
    return event.operation in ("log", "sqrt")
