"""NN214: a schedule counted in epochs is stepped per batch, or the reverse."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Cadence, Finding, Fix, MoveAfter, Rule, Safety, SchedulerStepped, Severity, Step

_COUNTED = {Cadence.STEP: "iterations", Cadence.EPOCH: "epochs"}


class SchedulerWrongCadence(Rule):
    """A schedule that is counted in epochs is stepped with every batch, or one counted in batches with every epoch.

    ## What it does

    Compares what a schedule's length was computed from (a number of epochs, the length of a loader) with the loop in
    which `scheduler.step()` stands, and reports the step that counts something else.

    ## Why it fails silently

    Stepped per batch, a schedule for 30 epochs is through within the first one: the rest is trained at next to no
    learning rate, or, by a cosine, at one that swings up and down. Stepped per epoch, a warm-up of 500 batches takes
    500 epochs, and a one-cycle schedule never leaves its low start. Training goes on either way.

    ## Example

    ```python
    import torch
    from torch.optim.lr_scheduler import CosineAnnealingLR

    def train(model, criterion, train_loader, epochs):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        scheduler = CosineAnnealingLR(optimizer, T_max=epochs)
        for epoch in range(epochs):
            model.train()
            for inputs, target in train_loader:
                optimizer.zero_grad()
                criterion(model(inputs), target).backward()
                optimizer.step()
                scheduler.step()
    ```

    ## Instead

    ```python
    import torch
    from torch.optim.lr_scheduler import CosineAnnealingLR

    def train(model, criterion, train_loader, epochs):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        scheduler = CosineAnnealingLR(optimizer, T_max=epochs * len(train_loader))
        for epoch in range(epochs):
            model.train()
            for inputs, target in train_loader:
                optimizer.zero_grad()
                criterion(model(inputs), target).backward()
                optimizer.step()
                scheduler.step()
    ```

    ## Fix safety

    The step of a scheduler that counts epochs is moved behind the loop over the batches. It is unsafe: the numbers that
    it was made with may be wrong instead. There is none for one that counts steps.

    ## Quiet when

    - the length counts what is stepped: `T_max=epochs * len(loader)` per batch, `step_size` in iterations,
    - the loop is one over iterations, without epochs,
    - a step per batch is given the fraction of the epoch (`scheduler.step(epoch + i / len(loader))`),
    - the length is a bare number that could count either.

    ## References

    - [OneCycleLR](https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.OneCycleLR.html): "step should be
      called after a batch has been used for training"
    - [torch.optim, "How to adjust learning rate"](https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate)
    """

    code, name, severity = "NN214", "scheduler-wrong-cadence", Severity.ERROR
    watches = SchedulerStepped
    words = ("LR", "scheduler")
    fix = Safety.UNSAFE

    def check(self, event: SchedulerStepped) -> Iterator[Finding]:
        if event.cadence is None or event.counts is None or event.cadence is event.counts:
            return
        yield self.finding(
            event,
            f"`{event.scheduler}` ({event.kind}) is stepped {event.cadence.value}, but counts {_COUNTED[event.counts]}",
            trail=(Step(event.made, f"made here to count {_COUNTED[event.counts]}"),),
            advice="step it as often as it counts, or give it numbers that count what is stepped",
            fix=_moved(event),
        )


def _moved(event: SchedulerStepped) -> Fix | None:
    if event.counts is not Cadence.EPOCH or event.loop is None:
        return None
    return Fix("step the scheduler once an epoch", Safety.UNSAFE, (MoveAfter(event.place, event.loop),))
