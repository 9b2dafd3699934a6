"""Attributes that are all but spelt right: they are set, and nobody reads them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nnlint.events import AttributeSet
from nnlint.interpreter import classes, modes
from nnlint.interpreter.objects import NO_PROVENANCE, ClassValue, Const, Frame, Instance, Tensor, Unknown, Value
from nnlint.interpreter.parameters import OF
from nnlint.interpreter.wording import text_of
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

_REQUIRES_GRAD = re.compile(r"^_?req[a-z]*_?grad[a-z]*_?$", re.IGNORECASE)
MEANT = "requires_grad"


def is_meant(name: str) -> bool:
    """Whether a name all but spells `requires_grad`, or is that: of a module it is no attribute either."""
    return bool(_REQUIRES_GRAD.match(name))


def told(run: Interpreter, owner: Value, name: str, value: Value, node: ir.Node, frame: Frame) -> None:
    """Tell of `owner.name = value` where torch, which made the owner, reads no such attribute."""
    from nnlint.interpreter.assignments import value_at

    if run.choosing or _is_own(run, owner) or not _is_of_torch(owner, name):
        return
    target = text_of(node.value) if isinstance(node, ir.Attribute) else ""
    needless = isinstance(owner, Tensor) and owner.provenance is NO_PROVENANCE and run.truth(value) is False
    place = run.place(frame, node)
    run.emit(
        AttributeSet(
            place=place,
            target=target,
            name=name,
            meant=MEANT,
            needless=needless,
            owner=run.place(frame, node.value) if isinstance(node, ir.Attribute) else None,
            of_module=isinstance(owner, Instance),
            value=value.value if isinstance(value, Const) and isinstance(value.value, bool) else None,
            statement=(value_at(run, place) or (None, None))[1],
        )
    )


def _is_own(run: Interpreter, owner: Value) -> bool:
    """Whether a method of the object itself sets it, whose class may read it."""
    return any(f.self_value is owner and f.function is not None and f.function.owner is not None for f in run.frames)


def _is_of_torch(owner: Value, name: str) -> bool:
    match owner:
        case Tensor():
            return name != MEANT
        case Unknown():
            return name != MEANT and (OF in owner.lazies or "<parameter>" in owner.lazies)
        case Instance(cls=ClassValue() as cls):
            return modes.is_module(owner) and name not in owner.fields and classes.find(cls, name) is None
        case Instance():
            return modes.is_module(owner)
    return False
