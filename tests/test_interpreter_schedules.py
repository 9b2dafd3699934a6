"""Schedulers: how often they are stepped, what they count, and whether anything steps them."""

from __future__ import annotations

import pytest

from nnlint.events import SchedulerMade, SchedulerStepped
from nnlint.values import Cadence
from tests.interpreting import events, pick

MADE = """
from torch.optim import lr_scheduler
loader, epochs = torch.load("loader"), torch.load("epochs")
net = nn.Linear(3, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
"""
STEP, EPOCH = Cadence.STEP, Cadence.EPOCH


def told(scheduler: str, position: str, epochs: str = "epochs") -> list[SchedulerStepped]:
    """The steps of a scheduler that is stepped with each batch, after each epoch or before each epoch."""
    step = {name: "scheduler.step()" if name == position else "pass" for name in ("before", "batch", "after")}
    source = f"""
scheduler = lr_scheduler.{scheduler}
for epoch in range({epochs}):
    {step["before"]}
    for x in loader:
        optimizer.zero_grad()
        net(x).mean().backward()
        optimizer.step()
        {step["batch"]}
    {step["after"]}
"""
    return pick(SchedulerStepped, events(MADE + source))


@pytest.mark.parametrize(("position", "cadence"), [("before", EPOCH), ("batch", STEP), ("after", EPOCH)])
def test_a_scheduler_steps_with_the_optimizer_or_around_its_loop(position: str, cadence: Cadence) -> None:
    assert {event.cadence for event in told("LambdaLR(optimizer, len)", position)} == {cadence}


@pytest.mark.parametrize(
    ("scheduler", "counts"),
    [
        ("CosineAnnealingLR(optimizer, T_max=epochs)", EPOCH),
        ("CosineAnnealingLR(optimizer, epochs)", EPOCH),
        ("CosineAnnealingLR(optimizer, T_max=epochs * len(loader))", STEP),
        ("CosineAnnealingLR(optimizer, T_max=torch.load('n'))", None),
        ("StepLR(optimizer, 30)", EPOCH),
        ("StepLR(optimizer, step_size=1000)", None),
        ("MultiStepLR(optimizer, milestones=[60, 120])", EPOCH),
        ("MultiStepLR(optimizer, milestones=[60000, 80000])", None),
        ("ExponentialLR(optimizer, 0.9)", EPOCH),
        ("ExponentialLR(optimizer, gamma=0.9999)", None),
        ("OneCycleLR(optimizer, 0.1, epochs=epochs, steps_per_epoch=len(loader))", STEP),
        ("OneCycleLR(optimizer, 0.1, total_steps=epochs * len(loader))", STEP),
        ("LambdaLR(optimizer, len)", None),
    ],
)
def test_what_a_scheduler_counts_shows_in_its_numbers(scheduler: str, counts: Cadence | None) -> None:
    assert {event.counts for event in told(scheduler, "batch")} == {counts}


def test_a_constant_counts_epochs_where_the_loop_runs_as_often() -> None:
    assert {event.counts for event in told("CosineAnnealingLR(optimizer, 90)", "batch", epochs="90")} == {EPOCH}


def test_the_order_shows_where_the_optimizer_has_not_stepped_yet() -> None:
    assert [event.before_optimizer for event in told("StepLR(optimizer, 30)", "before")] == [True, False]
    assert not any(event.before_optimizer for event in told("StepLR(optimizer, 30)", "after"))


def test_a_schedule_that_is_caught_up_with_is_not_out_of_order() -> None:
    source = "scheduler = lr_scheduler.StepLR(optimizer, 30)\nfor _ in range(epochs):\n    scheduler.step()\n"
    assert not any(event.before_optimizer for event in pick(SchedulerStepped, events(MADE + source)))


@pytest.mark.parametrize(
    ("use", "silent"),
    [
        ("pass", False),
        ("print(schedule.get_last_lr())", False),
        ("unknown(schedule)", True),
        ("unknown([schedule])", True),
        ("unknown(schedulers={'lr': schedule})", True),
        ("lr_scheduler.SequentialLR(optimizer, [schedule], []).step()", True),
        ("torch.load('trainer').schedule = schedule", False),
    ],
)
def test_a_scheduler_is_missed_unless_something_unknown_has_it(use: str, silent: bool) -> None:
    source = f"{MADE}unknown = torch.load('f')\nschedule = lr_scheduler.StepLR(optimizer, 30)\n{use}"
    assert (pick(SchedulerMade, events(source)) == []) is silent


def test_a_scheduler_that_is_returned_to_a_framework_is_not_missed() -> None:
    source = """
class Model(nn.Module):
    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, 30)
        return [optimizer], [schedule]
"""
    assert not pick(SchedulerMade, events(source))
