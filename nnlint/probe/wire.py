"""What a run has seen, as lines of JSON: the child may be any script, so nothing that it sends is executed."""

from __future__ import annotations

import dataclasses
import enum
import json
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from nnlint import changes, events
from nnlint.events import Event


@dataclass(frozen=True, slots=True)
class Sighting:
    """An event that took place in a run, at a `step` (how many steps optimizers had taken).

    `evidence` are the numbers that were measured. `codes` are the rules that it is evidence for, () for all that watch
    such events. `undecided` says why nothing follows from it; then no rule sees it. `absent`: such an event was looked
    for at this place and did not take place, which refutes what rests on it; no rule sees it either. What is seen is
    not always a mistake: where only the code can tell what was meant, the event does not stand `alone`, and confirms or
    refutes no more than what the interpreter found.
    """

    event: Event
    step: int
    evidence: str = ""
    codes: tuple[str, ...] = ()
    undecided: str = ""
    alone: bool = True
    absent: bool = False

    def concerns(self, code: str) -> bool:
        return not self.codes or code in self.codes


class WireError(Exception):
    """A line that is no message of a run."""


def dump(sighting: Sighting) -> dict[str, Any]:
    return {
        "event": {"type": type(sighting.event).__name__, **_plain(sighting.event)},
        "step": sighting.step,
        "evidence": sighting.evidence,
        "codes": list(sighting.codes),
        "undecided": sighting.undecided,
        "alone": sighting.alone,
        "absent": sighting.absent,
    }


def load(data: Mapping[str, Any]) -> Sighting:
    """The inverse of `dump`. Raises `WireError`."""
    try:
        fields = dict(data["event"])
        kind = getattr(events, fields.pop("type"))
        if not (isinstance(kind, type) and issubclass(kind, Event)):
            raise WireError(f"`{kind}` is no event")
        event = _made(kind, fields)
        return Sighting(
            event,
            int(data["step"]),
            str(data["evidence"]),
            tuple(data["codes"]),
            str(data["undecided"]),
            bool(data["alone"]),
            bool(data["absent"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WireError(str(error)) from error


def line(kind: str, **fields: Any) -> bytes:
    """One message of a run."""
    return (json.dumps({"kind": kind, **fields}, ensure_ascii=True) + "\n").encode()


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    match value:
        case enum.Enum():
            return value.name
        case tuple() | list():
            return [_plain(item) for item in value]
        case frozenset():
            return sorted(_plain(item) for item in value)
        case type():
            return value.__name__
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case bool() | int() | float() | str() | None:
            return value
    return repr(value)


def _made(kind: Any, value: Any) -> Any:
    """The value of an annotated type, out of plain data."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        return _made(next(each for each in arguments if each is not type(None)), value)
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(_made(arguments[0], item) for item in value)
        return tuple(_made(each, item) for each, item in zip(arguments, value, strict=True))
    if origin is frozenset:
        return frozenset(_made(arguments[0], item) for item in value)
    if origin is type:
        found = getattr(changes, value)
        if found not in typing.get_args(arguments[0]):
            raise WireError(f"`{value}` is none of {arguments[0]}")
        return found
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return kind[value]
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{name: _made(hints[name], item) for name, item in value.items()})
    if kind is object and isinstance(value, list):
        return tuple(value)
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)
