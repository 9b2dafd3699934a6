"""NN213: ."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Rule, SchedulerStepped, Severity, Step


class SchedulerBeforeOptimizer(Rule):
    """PAGE"""

    code, name, severity = "NN213", "scheduler-before-optimizer", Severity.WARNING
    watches = SchedulerStepped
    words = ("LR", "scheduler")

    def check(self, event: SchedulerStepped) -> Iterator[Finding]:
        if not event.before_optimizer or event.kind == "ReduceLROnPlateau" or self.torch.is_before(1, 1):
            return
        yield self.finding(
            event,
            f"`{event.scheduler}` steps before its optimizer does: the first learning rate is never used",
            trail=(Step(event.made, "the scheduler is made here"),),
            advice="step the scheduler after the optimizer, at the end of the epoch or iteration",
        )
