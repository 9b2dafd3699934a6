"""Learning-rate schedulers: what they count, and where in the loops they are stepped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nnlint.events import SchedulerMade, SchedulerStepped
from nnlint.finding import Confidence
from nnlint.interpreter import gradients
from nnlint.interpreter.control import LoopRecord
from nnlint.interpreter.objects import (
    NONE,
    Arguments,
    Const,
    External,
    Frame,
    Instance,
    Mapping,
    Native,
    Perhaps,
    Sequence,
    SizeValue,
    Union,
    Value,
)
from nnlint.knowledge.schedulers import EPOCHS_AT_MOST, PARAMETERS
from nnlint.reading import script as ir
from nnlint.source import Place
from nnlint.values import Cadence

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

SCHEDULE = "<schedule>"


@dataclass(slots=True)
class _Stepped:
    place: Place
    called: str
    loops: tuple[LoopRecord, ...]
    is_first: bool  # the optimizer has not stepped before, on this path


@dataclass(slots=True)
class Schedule:
    """A scheduler of one root."""

    kind: str
    made: Place
    file: Path
    arguments: dict[str, Value]
    optimizer: Value | None
    steps: list[_Stepped] = field(default_factory=list)
    handed: bool = False  # something unknown was given it and may step it


class Schedules:
    """The schedulers of one root."""

    def __init__(self) -> None:
        self._all: list[tuple[Instance, Schedule]] = []

    def make(self, run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Instance:
        """`StepLR(optimizer, 30)`."""
        for value in arguments.all():
            self.hand_away(value)  # schedulers of which it is made, it steps
        scheduler = Instance(External(dotted), run.place(frame, node) if node is not None else None)
        kind = dotted.rpartition(".")[2]
        if node is not None:
            names = PARAMETERS.get(kind, ())
            given = dict(zip(names, arguments.positional[1:]))  # noqa: B905 (surplus arguments have no name)
            schedule = Schedule(
                kind,
                run.place(frame, node),
                frame.namespace.path,
                given | arguments.keywords,
                arguments.get(0, "optimizer"),
                handed=arguments.loose,
            )
            scheduler.lazies[SCHEDULE] = schedule
            self._all.append((scheduler, schedule))
        return scheduler

    def hand_away(self, value: Value, depth: int = 0) -> None:
        """Something unknown gets the value, and whatever it holds."""
        match value:
            case Instance() if SCHEDULE in value.lazies:
                value.lazies[SCHEDULE].handed = True
            case Sequence() if depth < 3:
                for item in value.items:
                    self.hand_away(item, depth + 1)
            case Mapping() if depth < 3:
                for item in value.items.values():
                    self.hand_away(item, depth + 1)
            case Union():
                for item in value.alternatives:
                    self.hand_away(item, depth + 1)
            case Perhaps():
                self.hand_away(value.value, depth)

    def events(self, run: Interpreter, complete: bool) -> Iterator[SchedulerMade | SchedulerStepped]:
        for scheduler, schedule in self._all:
            silent = not schedule.steps and not schedule.handed and complete
            if silent and not run.program.mentions_anywhere((f"{scheduler.name}.step".encode(),), run.imports.files()):
                yield SchedulerMade(place=schedule.made, kind=schedule.kind, called=scheduler.name, stepped=False)
            for step in schedule.steps:
                cadence = _cadence(step)
                counts, certain = _counts(schedule, step)
                yield SchedulerStepped(
                    place=step.place,
                    scheduler=step.called,
                    kind=schedule.kind,
                    made=schedule.made,
                    before_optimizer=step.is_first and cadence is not None,
                    cadence=cadence,
                    counts=counts,
                    optimizer_step=_step_of(run, schedule.optimizer, step),
                    loop=step.loops[-1].place if step.loops else None,
                    confidence=Confidence.CERTAIN if certain else Confidence.LIKELY,
                )


def step_method(instance: Instance) -> Native:
    """`scheduler.step`."""

    def step(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
        from nnlint.interpreter.training import receiver

        schedule: Schedule = instance.lazies[SCHEDULE]
        if node is None:
            schedule.handed = True
        else:
            is_first = _has_never_stepped(schedule.optimizer) and not arguments.all()
            schedule.steps.append(
                _Stepped(run.place(frame, node), receiver(node, instance), tuple(run.loops), is_first)
            )
        return NONE

    return Native("step", step)


def _has_never_stepped(optimizer: Value | None) -> bool:
    return (
        isinstance(optimizer, Instance)
        and optimizer.fields.get(gradients.STATE) is not None
        and gradients.CONSUMED not in optimizer.fields
    )


def _step_of(run: Interpreter, optimizer: Value | None, step: _Stepped) -> Place | None:
    """The step of an optimizer that its scheduler belongs behind: the only one, in the innermost loop of the two."""
    steps = {deed.place: deed for deed in run.ledger.steps if deed.optimizer is optimizer}
    if len(steps) != 1:
        return None
    deed = next(iter(steps.values()))
    outer = tuple(loop.place for loop in step.loops)
    inner = deed.where.loops[: len(outer)] == outer and deed.where.every_time
    return (deed.where.loops[len(outer)] if len(deed.where.loops) > len(outer) else deed.place) if inner else None


def _cadence(step: _Stepped) -> Cadence | None:
    """How often a scheduler is stepped: with the optimizer, or once behind the loop in which the optimizer steps."""
    for loop in reversed(step.loops):  # from the innermost; one over callbacks or schedulers has no optimizer in it
        if loop.steps_itself:
            return Cadence.STEP
        if loop.steps_within:
            return Cadence.EPOCH
    return None


def _counts(schedule: Schedule, step: _Stepped) -> tuple[Cadence | None, bool]:
    """What the numbers that a scheduler was made with count, and whether that is certain."""
    outer = [loop.count for loop in step.loops[:-1] if loop.count is not None]
    own = step.loops[-1].count if step.loops else None
    arguments = schedule.arguments
    match schedule.kind:
        case "CosineAnnealingLR":
            length = arguments.get("T_max")
            if any(_same(length, count) for count in outer):
                return Cadence.EPOCH, True
            return (Cadence.STEP, True) if _is_product(length) else (None, False)
        case "OneCycleLR":
            per_epoch, total = arguments.get("steps_per_epoch"), arguments.get("total_steps")
            if per_epoch is not None and not (isinstance(per_epoch, Const) and per_epoch.value in (1, None)):
                return Cadence.STEP, True
            if total is not None and own is not None and _same(total, own):
                return None, False
            return (Cadence.STEP, True) if _is_product(total) else (None, False)
        case "StepLR" | "MultiStepLR" | "ExponentialLR":
            name, most = EPOCHS_AT_MOST[schedule.kind]
            numbers = _numbers(arguments.get(name))
            few = bool(numbers) and max(numbers) <= most and bool(outer)  # one loop may count iterations
            return (Cadence.EPOCH, False) if few else (None, False)
    return None, False


def _same(value: Value | None, count: Value) -> bool:
    if isinstance(value, Const) or isinstance(count, Const):
        return value == count
    return value is count


def _is_product(value: Value | None) -> bool:
    """Whether a number is made of several: `epochs * len(loader)`."""
    return isinstance(value, SizeValue) and len(value.size.order) > 1


def _numbers(value: Value | None) -> list[float]:
    values = value.items if isinstance(value, Sequence) and value.exact else (value,)
    numbers = [each.value for each in values if isinstance(each, Const)]
    return [n for n in numbers if isinstance(n, (int, float))] if len(numbers) == len(values) else []
