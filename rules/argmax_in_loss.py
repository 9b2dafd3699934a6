"""NN116: ."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, GraphCut, Rule, Severity, Step


class ArgmaxInLoss(Rule):
    """PAGE"""

    code, name, severity = "NN116", "argmax-in-loss", Severity.ERROR
    watches = GraphCut
    words = ("backward",)

    def check(self, event: GraphCut) -> Iterator[Finding]:
        if event.operation == "detach" or not event.whole:
            return
        trail = [Step(event.place, f"no gradient flows through `{event.call}`")]
        if event.backward is not None:
            trail.append(Step(event.backward, "`backward` reaches no parameter from here"))
        yield self.finding(
            event,
            f"the loss is computed of `{event.call}`, through which no gradient flows",
            trail=tuple(trail),
            advice="compute the loss of the scores themselves",
        )
