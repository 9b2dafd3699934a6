"""Learning-rate schedulers: made, stepped, in time with what."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from typing import Any

import torch

from nnlint.events import SchedulerMade, SchedulerStepped
from nnlint.probe.observers.base import Observer
from nnlint.probe.run import Run
from nnlint.source import Place
from nnlint.values import Cadence

FEW = 3  # steps of an optimizer between two of its scheduler, from which on these are epochs
_COUNTED = ("total_steps", "T_max", "step_size", "milestones", "total_iters")


class Schedules(Observer):
    """Counts the steps of schedulers against those of their optimizers and the passes over loaders."""

    decides = ("NN213", "NN214", "NN215")

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._made: list[_Schedule] = []
        self._steps: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._batches = 0  # of the loader that trained last, if all of it were seen

    def scheduler_made(self, scheduler: Any) -> None:
        place = self.run.book.place(scheduler)
        if place is None:
            return
        called, kind = self.run.book.called(scheduler), type(scheduler).__name__
        schedule = _Schedule(called, kind, place, weakref.ref(scheduler), _count(scheduler))
        optimizer = getattr(scheduler, "optimizer", None)
        schedule.optimizer = weakref.ref(optimizer) if optimizer is not None else lambda: None
        self._made.append(schedule)

    def loader_starts(self, loader: Any) -> None:
        try:
            self._batches = len(loader)
        except TypeError:
            self._batches = 0

    def stepped(self, optimizer: torch.optim.Optimizer) -> None:
        self._steps[optimizer] = self._steps.get(optimizer, 0) + 1
        for schedule in self._made:
            schedule.total += schedule.optimizer() is optimizer

    def scheduler_stepped(self, scheduler: Any) -> None:
        schedule = next((each for each in self._made if each.reference() is scheduler), None)
        place, optimizer = self.run.places.here(), getattr(scheduler, "optimizer", None)
        if schedule is not None and place is not None and optimizer is not None:
            schedule.steps.append((place, self._steps.get(optimizer, 0)))

    def ended(self) -> None:
        driven = {id(each.optimizer()) for each in self._made if each.steps}
        for schedule in self._made:
            is_stepped = bool(schedule.steps) or self._is_handed_on(schedule, driven)
            made = SchedulerMade(place=schedule.place, kind=schedule.kind, called=schedule.called, stepped=is_stepped)
            if is_stepped or self.run.completed:
                self.run.saw(made, f"it took {len(schedule.steps)} steps", alone=False)
            else:
                self.run.undecided(made, "the run was stopped before its end")
            if schedule.steps:
                self._tell_steps(schedule)

    def _is_handed_on(self, schedule: _Schedule, driven: set[int]) -> bool:
        """A scheduler within another (SequentialLR) is stepped by that one."""
        mine = schedule.reference()
        for other in self._made:
            holder = other.reference()
            inner = getattr(holder, "_schedulers", None) or [getattr(holder, "after_scheduler", None)]
            if holder is not None and any(each is mine for each in inner if each is not None):
                return True
        return False

    def _tell_steps(self, schedule: _Schedule) -> None:
        total = schedule.total
        place, before = schedule.steps[0]
        gaps = [second[1] - first[1] for first, second in zip(schedule.steps, schedule.steps[1:], strict=False)]
        cadence = None
        if gaps and max(gaps) <= 1 and len(gaps) >= FEW:
            cadence = Cadence.STEP
        elif gaps and min(gaps) >= FEW:
            cadence = Cadence.EPOCH
        event = SchedulerStepped(
            place=place,
            scheduler=schedule.called,
            kind=schedule.kind,
            made=schedule.place,
            before_optimizer=before == 0 and total > 0,
            cadence=cadence,
            counts=self._counts(schedule),
        )
        told = f"its first step comes after {before} of the optimizer, {len(schedule.steps)} steps for {total}"
        early = sum(taken == 0 for _, taken in schedule.steps)  # more than one: a schedule that is wound forward
        self.run.saw(event, told, codes=("NN213",), alone=early == 1)
        if cadence is None or event.counts is None:
            self.run.undecided(event, "too few steps to tell what its numbers count", codes=("NN214",))
        else:
            self.run.saw(event, f"{told}; its numbers reach to {schedule.count}", codes=("NN214",), alone=False)

    def _counts(self, schedule: _Schedule) -> Cadence | None:
        """What the numbers count: lengths of loops over epochs, or those times the batches of the loader."""
        epochs = [length for length in self.run.budget.lengths if length > 1]
        if schedule.count is None or not epochs:
            return None
        if any(schedule.count == each * self._batches for each in epochs) and self._batches > 1:
            return Cadence.STEP
        if schedule.count in epochs or schedule.count <= max(epochs):
            return Cadence.EPOCH
        return Cadence.STEP


@dataclass(slots=True)
class _Schedule:
    called: str
    kind: str
    place: Place
    reference: weakref.ref[Any]
    count: int | None
    total: int = 0  # steps of its optimizer
    optimizer: Any = None
    steps: list[tuple[Place, int]] = field(default_factory=list)  # with those that the optimizer had taken


def _count(scheduler: Any) -> int | None:
    """The largest of the numbers that say when the schedule is at its end."""
    for name in _COUNTED:
        value = getattr(scheduler, name, None)
        if isinstance(value, int):
            return value
        if value and name == "milestones":
            return int(max(value))
    return None
