"""NN213: the schedule is a step ahead of the optimizer."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Rule, SchedulerStepped, Severity, Step


class SchedulerBeforeOptimizer(Rule):
    """The scheduler steps before the optimizer does, so that the first learning rate is never used.

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

    There is no automatic fix yet. Moving the call behind the optimizer's step, in the same loop, is what was meant.

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

    def check(self, event: SchedulerStepped) -> Iterator[Finding]:
        if not event.before_optimizer or event.kind == "ReduceLROnPlateau" or self.torch.is_before(1, 1):
            return
        yield self.finding(
            event,
            f"`{event.scheduler}` steps before its optimizer does: the first learning rate is never used",
            trail=(Step(event.made, "the scheduler is made here"),),
            advice="step the scheduler after the optimizer, at the end of the epoch or iteration",
        )
