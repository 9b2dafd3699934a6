"""NN114: ."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Form, OperationRan, Rule, Severity


class ClampedLoss(Rule):
    """PAGE"""

    code, name, severity = "NN114", "clamped-loss", Severity.WARNING
    watches = OperationRan
    words = ("clamp", "clip")
    recipe = True

    def check(self, event: OperationRan) -> Iterator[Finding]:
        if event.operation != "clamp" or not event.differentiated or "max" not in event.options:
            return
        low, high = event.options.get("min"), event.options["max"]
        symmetric = isinstance(low, (int, float)) and isinstance(high, (int, float)) and low == -high != 0
        if event.input.form is Form.LOSS or (event.input.form is Form.DIFFERENCE and symmetric):
            what = "loss" if event.input.form is Form.LOSS else "error"
            yield self.finding(
                event,
                f"`{event.call}` clamps the {what}: samples beyond the bound get no gradient",
                advice="clip the gradients instead, or use a Huber loss",
            )
