"""NN215: ."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Rule, SchedulerMade, Severity


class SchedulerNeverStepped(Rule):
    """PAGE"""

    code, name, severity = "NN215", "scheduler-never-stepped", Severity.WARNING
    watches = SchedulerMade
    words = ("LR", "scheduler")

    def check(self, event: SchedulerMade) -> Iterator[Finding]:
        if event.stepped:
            return
        called = f"`{event.called}` ({event.kind})" if event.called else f"a `{event.kind}`"
        yield self.finding(
            event,
            f"{called} is made and never stepped: the learning rate stays what it is",
            advice="step it once an epoch or once an iteration, as it counts",
        )
