"""NN215: a schedule that nobody follows."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Rule, SchedulerMade, Severity


class SchedulerNeverStepped(Rule):
    """A scheduler is built, and nothing ever calls its `step()`.

    ## What it does

    Follows each scheduler through variables, attributes, tuples and files, and reports the constructor of one that
    nothing steps while its optimizer is stepped.

    ## Why it fails silently

    The learning rate stays at its first value: no warm-up ends, no decay begins. Some schedules even start low (a
    warm-up, one cycle), and training stays there. The run looks like one with another learning rate.

    ## Example

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
            print(epoch, scheduler.get_last_lr())
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
            print(epoch, scheduler.get_last_lr())
            scheduler.step()
    ```

    ## Fix safety

    There is no automatic fix yet. Stepping the scheduler changes every learning rate of the run, as its author meant;
    in which loop is for its length to say.

    ## Quiet when

    - it is handed to a framework that steps it: returned by `configure_optimizers`, given to a trainer,
    - it is one of those of a `SequentialLR` or `ChainedScheduler` that is stepped,
    - it is stepped elsewhere: in a loop over schedulers, a callback, a wrapper, under a condition,
    - the script only defines it, and trains nothing.

    ## References

    - [torch.optim, "How to adjust learning rate"](https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate)
    """

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
