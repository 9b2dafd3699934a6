"""Calls of a network's `forward` by name, which pass by the hooks that hang on calling the network itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlint.events import ForwardCalled
from nnlint.finding import Confidence
from nnlint.interpreter import classes, modes
from nnlint.interpreter.objects import Bound, ClassValue, Frame, Function, Instance, Native, Union, Unknown, Value
from nnlint.interpreter.wording import text_of
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

HOOKED = "<hooked>"  # where a hook that runs around forward was registered


def called(run: Interpreter, callee: Value, node: ir.Call, frame: Frame) -> None:
    """Something is called; whether it is the `forward` of a network shows here."""
    function = node.function
    if not isinstance(function, ir.Attribute) or function.attr != "forward" or run.choosing:
        return
    networks = [_network(each) for each in (callee.alternatives if isinstance(callee, Union) else (callee,))]
    if any(each is None or _is_own(each, frame) for each in networks):
        return
    network = networks[0]
    known = all(isinstance(each, Instance) for each in networks)
    run.emit(
        ForwardCalled(
            place=run.place(frame, node),
            confidence=Confidence.CERTAIN if known else Confidence.LIKELY,
            called=text_of(function.value),
            callee=run.place(frame, function),
            owner=run.place(frame, function.value),
            network=network.class_name if len(networks) == 1 and isinstance(network, Instance) else None,
            hooked=network.lazies.get(HOOKED) if isinstance(network, (Instance, Unknown)) else None,
        )
    )


def _network(callee: Value) -> Value | None:
    """The network of which this is the `forward`, if calling the network would come to the same but for hooks."""
    match callee:
        case Bound(function=Function(name="forward"), receiver=Instance() as network):
            found = network
        case Native(name="forward", receiver=Instance() as network):
            found = network
        case Unknown(name="forward"):
            owner = callee.lazies.get("<owner>")
            return owner if isinstance(owner, Unknown) and modes.MODE in owner.fields else None
        case _:
            return None
    if not modes.is_module(found) or (isinstance(found.cls, ClassValue) and classes.find(found.cls, "__call__")):
        return None
    return found


def _is_own(network: Value | None, frame: Frame) -> bool:
    """Whether a method of the network calls it, or the one of a parent."""
    scope: Frame | None = frame
    while scope is not None:
        if scope.self_value is network and scope.function is not None and scope.function.owner is not None:
            return True
        scope = scope.parent
    return False
