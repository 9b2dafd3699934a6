"""NN106: ."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Broadcasted, Finding, Rule, Severity


class MismatchedLossShapes(Rule):
    """PAGE"""

    code, name, severity = "NN106", "mismatched-loss-shapes", Severity.ERROR
    watches = Broadcasted
    words = ("loss", "MSELoss", "L1Loss", "mean", "sum")

    def check(self, event: Broadcasted) -> Iterator[Finding]:
        if not event.differentiated:
            return
        first, second = (f"[{', '.join(sizes)}]" for sizes in event.sizes)
        yield self.finding(
            event,
            f"`{event.call}` is given {first} and {second}, which broadcast to every pair of samples",
            advice="give both the same shape: `squeeze(-1)` one of them or `unsqueeze(1)` the other",
        )
