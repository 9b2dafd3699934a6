"""NN213: the schedule is a step ahead of the optimizer."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, MoveAfter, Rule, Safety, SchedulerStepped, Severity, Step


class SchedulerBeforeOptimizer(Rule):
    """The scheduler steps before the optimizer does, so that the whole schedule runs one step early.

    ## What it does

    Looks at the order of the first `scheduler.step()` of a training and the first step of its optimizer, in the epoch
    and in the batch, through hooks and functions, and reports the scheduler's step when it comes first.

    ## Why it fails silently

    Building a scheduler already sets the learning rate of the first epoch. A step before the first update replaces it
    by the second one: the whole schedule is shifted by one. PyTorch has expected the reverse order since 1.1; it says
    so in a warning, once, between the lines of the first epoch.

    ## Example

    ```python
    import torch
    from torch.optim.lr_scheduler import StepLR

    def train(model, criterion, train_loader):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        scheduler = StepLR(optimizer, step_size=10, gamma=0.1)
        for epoch in range(30):
            scheduler.step()
            model.train()
            for inputs, target in train_loader:
                optimizer.zero_grad()
                criterion(model(inputs), target).backward()
                optimizer.step()
    ```

    ## Instead

    ```python
    import torch
    from torch.optim.lr_scheduler import StepLR

    def train(model, criterion, train_loader):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        scheduler = StepLR(optimizer, step_size=10, gamma=0.1)
        for epoch in range(30):
            model.train()
            for inputs, target in train_loader:
                optimizer.zero_grad()
                criterion(model(inputs), target).backward()
                optimizer.step()
            scheduler.step()
    ```

    ## Fix safety

    The step of the scheduler is moved behind that of the optimizer, or behind the loop in which the optimizer steps. It
    is safe: the schedule is the same, its first value is no longer skipped.

    ## Quiet when

    - the scheduler steps at the end of the epoch, or right after the optimizer,
    - the step at the top of the epoch is left out for the first one,
    - a resumed run winds the schedule forward before it begins to train.

    ## References

    - [torch.optim, "How to adjust learning rate"](https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate)
    """

    code, name, severity = "NN213", "scheduler-before-optimizer", Severity.WARNING
    watches = SchedulerStepped
    words = ("LR", "scheduler")
    fix = Safety.SAFE

    def check(self, event: SchedulerStepped) -> Iterator[Finding]:
        if not event.before_optimizer or event.kind == "ReduceLROnPlateau" or self.torch.is_before(1, 1):
            return
        yield self.finding(
            event,
            f"`{event.scheduler}` steps before its optimizer does: the schedule runs one step early",
            trail=(Step(event.made, "the scheduler is made here"),),
            advice="step the scheduler after the optimizer, at the end of the epoch or iteration",
            fix=_moved(event),
        )


def _moved(event: SchedulerStepped) -> Fix | None:
    if event.optimizer_step is None:
        return None
    return Fix("step the scheduler after the optimizer", Safety.SAFE, (MoveAfter(event.place, event.optimizer_step),))
