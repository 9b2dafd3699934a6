"""NN112: ."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, OperationRan, Rule, Severity


class SoftmaxOverSingleLogit(Rule):
    """PAGE"""

    code, name, severity = "NN112", "softmax-over-single-logit", Severity.ERROR
    watches = OperationRan
    words = ("softmax", "Softmax")

    def check(self, event: OperationRan) -> Iterator[Finding]:
        dim = event.options.get("dim")
        if event.operation != "softmax" or type(dim) is not int or not event.sizes:
            return
        if -len(event.sizes) <= dim < len(event.sizes) and event.sizes[dim] == "1":
            yield self.finding(
                event,
                f"`{event.call}` is taken over a single value: its output is 1 whatever the input",
                place=event.layer_made,
                advice="use a sigmoid for one score, or give the layer before it one output for each class",
            )
