"""NN214: ."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Cadence, Finding, Rule, SchedulerStepped, Severity, Step

_COUNTED = {Cadence.STEP: "iterations", Cadence.EPOCH: "epochs"}


class SchedulerWrongCadence(Rule):
    """PAGE"""

    code, name, severity = "NN214", "scheduler-wrong-cadence", Severity.ERROR
    watches = SchedulerStepped
    words = ("LR", "scheduler")

    def check(self, event: SchedulerStepped) -> Iterator[Finding]:
        if event.cadence is None or event.counts is None or event.cadence is event.counts:
            return
        yield self.finding(
            event,
            f"`{event.scheduler}` ({event.kind}) is stepped {event.cadence.value}, but counts {_COUNTED[event.counts]}",
            trail=(Step(event.made, f"made here to count {_COUNTED[event.counts]}"),),
            advice="step it as often as it counts, or give it numbers that count what is stepped",
        )
