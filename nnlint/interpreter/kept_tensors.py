"""Tensors that a module keeps without knowing of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nnlint.events import TensorKept
from nnlint.interpreter import classes
from nnlint.interpreter.assignments import value_at
from nnlint.interpreter.objects import ClassValue, Instance, Tensor, Unknown, Value
from nnlint.interpreter.parameters import WAS_PARAMETER
from nnlint.interpreter.unused import uses_of
from nnlint.reading import script as ir
from nnlint.source import Place

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


def events(run: Interpreter, built: list[Instance]) -> Iterator[TensorKept]:
    """The tensors in attributes of the modules of a root that no method writes anew."""
    told: set[Place] = set()
    for module in built:
        assert isinstance(module.cls, ClassValue)
        for cls in classes.lineage(module.cls):
            if isinstance(cls, ClassValue) and not classes.has_unknown_base(module.cls):
                for event in _of_class(run, module, cls):
                    if event.place not in told:
                        told.add(event.place)
                        yield event


def _of_class(run: Interpreter, module: Instance, cls: ClassValue) -> Iterator[TensorKept]:
    mine = uses_of(run, cls)
    path = cls.frame.namespace.path
    for attribute, (node, call) in (mine.built if mine is not None else {}).items():
        value = module.fields.get(attribute)
        if not _is_plain(value) or run.program.readers.is_touched(path, attribute):
            continue
        family = run.program.readers.family(path, cls.name)
        if any(attribute in each.rewritten for each in family):
            continue
        moved = any(attribute in each.moved or each.places or each.is_open for each in family)
        yield TensorKept(
            place=Place(run.program.shown(path), node),
            module=cls.name,
            attribute=attribute,
            was_parameter=isinstance(value, Unknown),
            learns=_asks_for_gradients(call),
            computes=not moved and any(attribute in each.operands for each in family) and not _is_scalar(value),
            value=Place(run.program.shown(path), call.id),
            statement=(value_at(run, Place(run.program.shown(path), node)) or (None, None))[1],
        )


def _is_plain(value: Value | None) -> bool:
    return isinstance(value, Tensor) or (isinstance(value, Unknown) and WAS_PARAMETER in value.lazies)


def _is_scalar(value: Value | None) -> bool:
    """Whether a tensor has no dimensions: such a one goes with tensors of every device."""
    return isinstance(value, Tensor) and value.shape == ()


def _asks_for_gradients(call: ir.Call) -> bool:
    """`torch.zeros(3, requires_grad=True)`, `torch.zeros(3).requires_grad_()`."""
    for argument in call.arguments:
        if argument.keyword == "requires_grad":
            return isinstance(argument.value, ir.Constant) and argument.value.value is True
    match call.function:
        case ir.Attribute(attr="requires_grad_"):
            return not call.arguments
        case ir.Attribute(value=ir.Call() as inner):
            return _asks_for_gradients(inner)
    return False
