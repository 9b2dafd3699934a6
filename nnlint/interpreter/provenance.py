"""What values depend on, that they are used, and the trail they leave on their way."""

from __future__ import annotations

from collections.abc import Sequence as Seq
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from nnlint.finding import Step
from nnlint.interpreter import modes
from nnlint.interpreter.objects import (
    NO_PROVENANCE,
    NUMBERS,
    Arguments,
    ClassValue,
    Frame,
    Instance,
    Mapping,
    Method,
    Perhaps,
    Provenance,
    Sequence,
    Tensor,
    Union,
    Unknown,
    Value,
)
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


MOST_ITEMS = 32  # of a container that are looked at: those of long lists are alike


def provenance(run: Interpreter, value: Value | None, depth: int = 0) -> Provenance:
    match value:
        case Tensor() | Unknown():
            return value.provenance
        case Sequence() if depth < 3:
            found = NO_PROVENANCE
            for item in value.items[:MOST_ITEMS]:
                found = found | provenance(run, item, depth + 1)
            return found
        case Mapping() if depth < 3:
            found = NO_PROVENANCE
            for item in islice(value.items.values(), MOST_ITEMS):
                found = found | provenance(run, item, depth + 1)
            return found
        case Union():
            found = provenance(run, value.alternatives[0], depth + 1)
            for item in value.alternatives[1:]:
                found = found.meets(provenance(run, item, depth + 1))
            return found
        case Perhaps():
            return provenance(run, value.value, depth + 1)
        case Method():
            return provenance(run, value.receiver, depth + 1)
        case Instance() if not modes.is_module(value) and depth < 2 and isinstance(value.cls, ClassValue):
            found = NO_PROVENANCE
            for item in value.fields.values():
                if isinstance(item, (Tensor, Unknown)):
                    found = found | item.provenance
            return found
    return NO_PROVENANCE


def provenance_of(run: Interpreter, arguments: Arguments) -> Provenance:
    found = NO_PROVENANCE
    for value in arguments.all():
        found = found | run.provenance(value)
    return found


def batches_of(run: Interpreter, elements: Seq[Value]) -> frozenset[int]:
    found: frozenset[int] = frozenset()
    for element in elements:
        found |= run.provenance(element).batches
    return found


def used(run: Interpreter, value: Value) -> None:
    run.chains.stacks.used(value)
    provenance = run.provenance(value)
    if provenance.outputs:
        run.roles.used(provenance)


def collected(run: Interpreter, value: Value) -> None:
    """A value went into a container."""
    used(run, value)
    if isinstance(value, Tensor) and value.biased is not None:
        run.consumed(value.biased)


def escaped(run: Interpreter, value: Value) -> None:
    run.schedules.hand_away(value)
    run.makers.used(value, None)
    found = run.provenance(value)
    run.roles.escaped(found)
    run.watched.given_away(found)


def returned(run: Interpreter, value: Value, statement: ir.Return, frame: Frame) -> Value:
    """A value on its way out of a function: its trail grows by a step."""
    if frame.function is None:
        return value
    run.chains.stacks.kept(value)
    return _with_step(run, value, Step(run.place(frame, statement), f"returned by `{frame.function.qualified}`"), 0)


LONGEST_TRAIL = 7


def _with_step(run: Interpreter, value: Value, step: Step, depth: int) -> Value:
    match value:
        case Tensor() if value.trail and len(value.trail) < LONGEST_TRAIL and value.trail[-1] != step:
            return value.but(trail=(*value.trail, step), serial=value.serial)
        case Sequence(kind="tuple") if depth < 2 and any(
            isinstance(item, Tensor) and item.trail for item in value.items
        ):
            return Sequence("tuple", tuple(_with_step(run, item, step, depth + 1) for item in value.items), value.exact)
    return value


def mark(run: Interpreter, value: Value, provenance: Provenance, depth: int = 0) -> Value:
    """The value with `provenance` added to every tensor in it; one that was cut off its graph stays so."""
    match value:
        case Tensor(made_by=made) if made == NUMBERS:
            return value
        case Tensor():
            return replace(value, provenance=_added(value.provenance, provenance))
        case Unknown():
            known = Unknown(value.name, _added(value.provenance, provenance))
            known.fields.update(value.fields)
            known.lazies.update(value.lazies)
            return known
        case Sequence() if depth < 3 and value.kind == "tuple":
            return Sequence("tuple", tuple(mark(run, item, provenance, depth + 1) for item in value.items), value.exact)
        case Sequence() if depth < 3:
            run.store.write(value, "items", tuple(mark(run, item, provenance, depth + 1) for item in value.items))
        case Instance() if depth < 2:
            for name, each in list(value.fields.items()):
                if isinstance(each, (Tensor, Unknown)) and not name.startswith("<"):
                    run.store.write(value, name, mark(run, each, provenance, depth + 1))
        case _:
            if isinstance(value, Mapping) and depth < 3:
                run.store.write(
                    value, "items", {k: mark(run, v, provenance, depth + 1) for k, v in value.items.items()}
                )
    return value


def _added(known: Provenance, more: Provenance) -> Provenance:
    return known | (more.detached() if known.cuts and not known.calls else more)
