"""NN109: ."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, OperationRan, Rule, Scale, Severity


class SoftmaxOverWrongDimension(Rule):
    """PAGE"""

    code, name, severity = "NN109", "softmax-over-wrong-dimension", Severity.ERROR
    watches = OperationRan
    words = ("softmax", "Softmax")

    def check(self, event: OperationRan) -> Iterator[Finding]:
        if event.operation not in ("softmax", "log_softmax"):
            return
        if "dim" not in event.options:
            yield self.finding(
                event,
                f"`{event.call}` does not say over which dimension: it is chosen by the number of dimensions",
                place=event.layer_made,
                advice="name the dimension of the classes: `dim=-1`, or `dim=1` where classes come before pixels",
            )
            return
        dim, rank = event.options["dim"], len(event.sizes or ())
        if type(dim) is not int or event.batch is None or rank < 2 or event.input.scale is not Scale.LOGITS:
            return
        if dim % rank == event.batch:
            yield self.finding(
                event,
                f"`{event.call}` normalizes over the batch: what a sample gets depends on the others",
                place=event.layer_made,
                advice="name the dimension of the classes: `dim=-1`, or `dim=1` where classes come before pixels",
            )
