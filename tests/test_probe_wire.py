"""What goes from a run to its parent arrives as it was sent, and nothing else does any harm."""

from __future__ import annotations

import dataclasses
import enum
import json
import types
import typing
from collections.abc import Mapping
from typing import Any

import pytest

from nnlint import events
from nnlint.events import Event
from nnlint.probe import wire
from nnlint.probe.limits import Limits, Request
from nnlint.probe.session import Testimony as Heard
from nnlint.probe.wire import Sighting, WireError
from nnlint.source import Place, Span

EVENTS = [getattr(events, name) for name in events.__all__ if name != "Event"]
PLACE = Place("/home/user/train.py", span=Span(3, 5, 3, 20))


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("full", [True, False], ids=["full", "unknown"])
def test_every_event_arrives_as_it_was_sent(kind: type[Event], full: bool) -> None:
    sent = Sighting(made(kind, full), 3, "rows sum to 1.000 ± 2e-07", ("NN101",), "", True)
    assert wire.load(json.loads(json.dumps(wire.dump(sent)))) == sent


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"not json",
        b"[1, 2]",
        b'"text"',
        b'{"kind": "sighting"}',
        b'{"kind": "sighting", "event": {"type": "os"}, "step": 1, "evidence": "", "codes": [], "undecided": ""}',
        b'{"kind": "sighting", "event": {"type": "BackwardRan", "call": 3}, "step": "x"}',
        b'{"kind": ["unhashable"]}',
        b'{"kind": "ended", "how": {"a": 1}}',
        b'{"kind": "ended", "steps": "many"}',
        b'{"kind": "losses", "values": 3}',
        b'{"kind": "started", "decides": 5}',
        b"\xff\xfe\x00",
        b'{"kind": "check", "status": null}',
        b'{"kind": "fault"}',
    ],
)
def test_garbage_is_passed_over(line: bytes) -> None:
    heard = Heard(Request("train.py"))
    heard.hear(line)
    assert heard.sightings == []


def test_an_event_of_no_kind_is_refused() -> None:
    data = wire.dump(Sighting(made(events.BackwardRan, True), 1))
    data["event"]["type"] = "Event.__init__"
    with pytest.raises(WireError):
        wire.load(data)


def test_a_request_arrives_as_it_was_sent() -> None:
    sent = Request("train.py", ("--lr", "0.1"), folder="/home", recipe=True, limits=Limits(steps=7, fake_data=True))
    assert Request.from_json(sent.to_json()) == sent


def made(kind: Any, full: bool) -> Any:
    """A value of an annotated type; the unknown one where there is a choice, unless it is to be `full`."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        others = [each for each in arguments if each is not type(None)]
        return made(others[0], full) if full or len(others) == len(arguments) else None
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return (made(arguments[0], full),) * 2 if full else ()
        return tuple(made(each, full) for each in arguments)
    if origin is frozenset:
        return frozenset([made(arguments[0], full)] if full else [])
    if origin is type:
        return typing.get_args(arguments[0])[0]
    if origin is not None and issubclass(origin, Mapping):
        return {"dim": 1, "p": None} if full else {}
    if kind is Place:
        return PLACE
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return list(kind)[-1 if full else 0]
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return kind(**{field.name: made(hints[field.name], full) for field in dataclasses.fields(kind)})  # type: ignore[operator]
    return {str: "`x` ≤ 3", int: 3, bool: full, float: 0.5, object: (0.9, 0.999) if full else 0.1}[kind]
