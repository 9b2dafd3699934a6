"""NN108: ."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, GraphCut, Rule, Severity, Step


class DetachedLoss(Rule):
    """PAGE"""

    code, name, severity = "NN108", "detached-loss", Severity.ERROR
    watches = GraphCut
    words = ("backward",)

    def check(self, event: GraphCut) -> Iterator[Finding]:
        if event.operation != "detach" or not event.whole or event.in_forward:
            return
        trail = [Step(event.place, f"`{event.call}` has no graph")]
        if event.backward is not None:
            trail.append(Step(event.backward, "`backward` reaches no parameter from here"))
        yield self.finding(
            event,
            f"`{event.call}` cuts off the graph what `backward` is called on: no parameter gets a gradient",
            trail=tuple(trail),
            advice="differentiate the loss itself, and detach a copy of it for logging",
        )
