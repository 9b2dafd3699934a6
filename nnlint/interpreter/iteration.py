"""What iterating over a value yields, and what unpacking it gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlint.interpreter import batches, modes
from nnlint.interpreter.loaders import LOADER
from nnlint.interpreter.objects import (
    Arguments,
    Const,
    Frame,
    Instance,
    Mapping,
    Perhaps,
    Sequence,
    ShapeOf,
    Tensor,
    Union,
    Unknown,
    Value,
)
from nnlint.interpreter.parameters import Parameters
from nnlint.interpreter.roles import role_of_name
from nnlint.interpreter.tensors import index
from nnlint.interpreter.wording import text_of
from nnlint.reading import script as ir
from nnlint.values import Role

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

_DATA_WORDS = ("loader", "data", "dl", "batches", "iter", "set", "queue", "generator", "stream")


def iterate(run: Interpreter, value: Value, node: ir.Node | None, frame: Frame) -> tuple[bool, list[Value]]:
    """Whether the elements are exactly known, and the elements: all of them, or some that stand for any number."""
    match value:
        case Parameters():
            run.store.write(value, "consumed", True)
            return False, list(value.items)
        case Sequence():
            return value.exact, list(value.items)
        case Mapping():
            return value.exact, [Const(key) for key in value.items] or ([] if value.exact else [Unknown("key")])
        case Const(value=str(text)):
            return True, [Const(letter) for letter in text[:16]]
        case Instance():
            return _of_instance(run, value, node, frame)
        case Union():
            known, items = True, list[Value]()
            for each in value.alternatives:
                exact, elements_ = iterate(run, each, node, frame)
                known = known and exact
                items.extend(elements_)
            return False, items
        case Tensor():
            row = index(run, value, Const(0))
            return False, [row]
        case Unknown():
            return False, [_of_unknown(run, value, node, frame)]
        case ShapeOf():
            return False, [Unknown("size")]
    return False, [Unknown(provenance=run.provenance(value))]


def _of_instance(run: Interpreter, value: Instance, node: ir.Node | None, frame: Frame) -> tuple[bool, list[Value]]:
    items = value.fields.get(modes.ITEMS)
    if isinstance(items, (Sequence, Mapping)):
        return iterate(run, items, node, frame)
    if LOADER in value.lazies:
        return False, [batches.batch_of(run, value, node, frame)]
    if run.finds_method(value, "__iter__"):
        produced = run.call(run.attribute(value, "__iter__", None, frame), Arguments(), None, frame)
        if produced is not value and not (isinstance(produced, Unknown) and not run.provenance(produced).batches):
            known, found = iterate(run, produced, node, frame)
            if any(run.provenance(each).batches for each in found):
                return known, found
    return False, [batches.batch_of(run, value, node, frame)]


def _of_unknown(run: Interpreter, value: Unknown, node: ir.Node | None, frame: Frame) -> Value:
    """An element of something unknown: a batch, when the name says that it is data."""
    if value.provenance.batches or value.provenance.outputs:
        return Unknown("item", value.provenance)
    name = text_of(node) if isinstance(node, (ir.Name, ir.Attribute)) else value.name
    lowered = name.lower()
    if (
        any(word in lowered for word in _DATA_WORDS)
        or any(word in value.name.lower() for word in _DATA_WORDS)
        or role_of_name(name) is Role.EVALUATION
        or run.roles.conventions.role_of_data(name) is not None
    ):
        return batches.batch_of(run, value, node, frame)
    return run.child(value, "[each]")


def elements(run: Interpreter, value: Value) -> tuple[bool, list[Value]]:
    """The elements of a container, without running anything."""
    match value:
        case Sequence():
            return value.exact, list(value.items)
        case Mapping():
            return value.exact, [Const(key) for key in value.items]
        case Instance():
            items = value.fields.get(modes.ITEMS)
            if isinstance(items, Sequence):
                return items.exact, list(items.items)
            if isinstance(items, Mapping):
                return items.exact, list(items.items.values())
    return False, [Unknown(provenance=run.provenance(value))]


def unpacked(run: Interpreter, value: Value, number: int) -> list[Value]:
    """The parts of `a, b, c = value`."""
    match value:
        case Sequence() if len(value.items) == number:
            return [item.value if isinstance(item, Perhaps) else item for item in value.items]
        case Sequence() if value.items and not value.exact:
            return [Unknown(provenance=run.provenance(value)) for _ in range(number)]
        case ShapeOf():
            return run.sizes.unpacked_shape(value.of, number)
        case Unknown():
            return [run.child(value, f"[{i}]", value.provenance) for i in range(number)]
        case Tensor():
            return [index(run, value, Const(i)) for i in range(number)]
        case Union():
            ways = [
                unpacked(run, each, number)
                for each in value.alternatives
                if not (isinstance(each, Const) and each.value is None)
            ]
            if ways:
                return [run.join_all([way[i] for way in ways]) for i in range(number)]
        case Instance():
            items = value.fields.get(modes.ITEMS)
            if isinstance(items, Sequence):
                return unpacked(run, items, number)
    provenance = run.provenance(value)
    return [Unknown(provenance=provenance) for _ in range(number)]
