"""Attributes of all kinds of values."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from nnlint.interpreter import classes, telling
from nnlint.interpreter.objects import (
    NO_PROVENANCE,
    Bound,
    ClassValue,
    Const,
    External,
    Frame,
    Function,
    Instance,
    Mapping,
    Method,
    Namespace,
    Obj,
    Partial,
    Provenance,
    Sequence,
    ShapeOf,
    Tensor,
    Union,
    Unknown,
    Value,
)
from nnlint.knowledge.names import canonical
from nnlint.reading import script as ir
from nnlint.values import Form, Scale

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


def attribute(run: Interpreter, value: Value, name: str, node: ir.Node | None, frame: Frame) -> Value:
    """`value.name`."""
    match value:
        case Instance():
            return classes.instance_attribute(run, value, name, node, frame)
        case Tensor():
            return _tensor_attribute(run, value, name, node, frame)
        case External() if name == "__name__":
            return Const(value.dotted.rpartition(".")[2])
        case External():
            return External(canonical(f"{value.dotted}.{name}"))
        case Namespace():
            return run.imports.member(run, value, name)
        case ClassValue():
            return classes.class_attribute(run, value, name)
        case classes.Super():
            return value.attribute(run, name, node, frame)
        case Union():
            held = [each for each in value.alternatives if not isinstance(each, Const)] or list(value.alternatives)
            return run.each([partial(attribute, run, each, name, node, frame) for each in held])
        case Unknown():
            return _unknown_attribute(run, value, name)
        case Mapping() if name not in _MAPPING_METHODS:
            return value.items[name] if name in value.items else run.child(value, name)
        case Sequence(kind="tuple", exact=True, items=(Tensor(), Tensor()) as parts) if name in ("values", "indices"):
            return parts[name == "indices"]  # what `max` over a dimension returns
        case Sequence() | Mapping() | Const() | ShapeOf():
            if isinstance(value, Const) and not isinstance(value.value, str):
                return _of_a_number(run, value, name)
            return Method(value, name)
        case Function() | Bound() if name == "__name__":
            return Const(value.name if isinstance(value, Function) else value.function.name)
        case Partial() if name == "func":
            return value.function
    return _of_a_number(run, value, name)


def _of_a_number(run: Interpreter, value: Value, name: str) -> Value:
    """A number that is asked for `backward` is a tensor: it was computed in ways that nnlint does not follow."""
    provenance = run.provenance(value)
    return Method(Tensor(provenance=provenance), name) if name == "backward" else Unknown(name, provenance)


_MAPPING_METHODS = frozenset(
    ["items", "values", "keys", "get", "pop", "setdefault", "update", "copy", "clear", "popitem", "move_to_end"]
)


def _tensor_attribute(run: Interpreter, tensor: Tensor, name: str, node: ir.Node | None, frame: Frame) -> Value:
    match name:
        case "shape":
            return shape_value(run, tensor)
        case "data":
            provenance = telling.graph_cut(run, tensor, "detach", node, frame)
            form = Form.OTHER if tensor.form is Form.LEAF else tensor.form
            return tensor.but(provenance=provenance, biased=None, memory=None, form=form)
        case "T" | "mT":
            shape = run.sizes.shape_of(tensor)
            return tensor.but(
                shape=(*shape[:-2], shape[-1], shape[-2]) if shape is not None and len(shape) >= 2 else None
            )
        case "grad":
            run.ledger.by_hand = True
            return Unknown(name)
        case "device" | "dtype" | "requires_grad" | "is_cuda" | "grad_fn":
            return Unknown(name)
        case "ndim":
            return Const(len(tensor.shape)) if tensor.shape is not None else Unknown(name)
        case "logits" | "loss" | "last_hidden_state" | "values" | "indices" | "sample" | "real" | "imag":
            return tensor.but(shape=None, scale=Scale.UNKNOWN if name != "values" else tensor.scale)
    return Method(tensor, name)


def _unknown_attribute(run: Interpreter, value: Unknown, name: str) -> Value:
    if name in value.fields:
        known: Value = value.fields[name]
        return known
    if name == "shape":
        return shape_value(run, value)
    if name == "grad":
        run.ledger.by_hand = True
    if name == "module" and "<mode>" in value.fields:
        return value
    if name == "training" and isinstance(value.fields.get("<mode>"), bool):
        return Const(value.fields["<mode>"])
    provenance = value.provenance.detached() if name in ("shape", "device", "dtype") else value.provenance
    if name == "data" and provenance.calls:
        provenance = provenance.cut_at(telling.cut_unseen(run, provenance))
    child = run.child(value, name, provenance)
    if isinstance(child, Unknown):
        child.lazies.setdefault("<owner>", value)
    return child


def shape_value(run: Interpreter, value: Value) -> Value:
    shape = run.sizes.shape_of(value)
    if shape is None:
        return ShapeOf(value)
    return Sequence("tuple", tuple(run.sizes.size_of(value, axis, asked_for=False) for axis in range(len(shape))))


def child(run: Interpreter, value: Obj, name: str, provenance: Provenance = NO_PROVENANCE) -> Value:
    """An unknown part of an object: the same one each time it is asked for."""
    if name in value.fields:
        written: Value = value.fields[name]
        return written
    if name not in value.lazies:
        made = value.lazies[name] = Unknown(name, provenance)
        made.age = value.age
    child: Value = value.lazies[name]
    return child


def finds_method(run: Interpreter, value: Value, name: str) -> bool:
    return (
        isinstance(value, Instance) and isinstance(value.cls, ClassValue) and classes.find(value.cls, name) is not None
    )


def has_open_attributes(run: Interpreter, value: Instance) -> bool:
    """Whether an instance may have attributes that nnlint does not see."""
    return (
        not isinstance(value.cls, ClassValue)
        or classes.has_unknown_base(value.cls)
        or finds_method(run, value, "__getattr__")
    )
