"""How calls are written: which of their parts is the tensor, and where their arguments stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlint.interpreter.objects import External, Frame, Namespace
from nnlint.interpreter.scopes import lookup
from nnlint.knowledge.operations import OPERATIONS
from nnlint.reading import script as ir
from nnlint.values import Written

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

_TENSOR = ("input", "tensor", "tensors", "self")


def written(run: Interpreter, node: ir.Node | None, frame: Frame) -> Written | None:
    """The parts of `F.softmax(x, 1)`, `x.softmax(1)` or `x.data`; None where they can not be told apart."""
    if isinstance(node, ir.Attribute):
        return Written(node.attr, run.place(frame, node), run.place(frame, node.value), True)
    return _parts(run, node, frame)[0] if isinstance(node, ir.Call) else None


def _parts(run: Interpreter, node: ir.Call, frame: Frame) -> tuple[Written | None, ir.Expr | None]:
    """How a call is written, and its operand."""
    if any(argument.star for argument in node.arguments):
        return None, None
    function, given = node.function, list(node.arguments)
    method = isinstance(function, ir.Attribute) and not _is_module(run, function.value, frame)
    operand: ir.Expr
    if isinstance(function, ir.Attribute) and method:
        operand, name = function.value, function.attr
    else:
        first = next((each for each in given if each.keyword is None or each.keyword in _TENSOR), None)
        if first is None:
            return None, None
        given.remove(first)
        operand, name = first.value, _last_name(function)
    parameters = OPERATIONS.get(name, ("", ()))[1]
    arguments = []
    for index, argument in enumerate(given):
        called = argument.keyword or (parameters[index] if index < len(parameters) else str(index))
        arguments.append((called, run.place(frame, argument.value)))
    found = Written(name, run.place(frame, node), run.place(frame, operand), method, tuple(arguments))
    return found, operand


def nested(run: Interpreter, node: ir.Node | None, frame: Frame) -> tuple[Written, ...]:
    """The calls that stand in each other, from the outermost: those of `torch.log(x.exp().sum(1))`, its own first."""
    found: list[Written] = []
    while isinstance(node, ir.Call) and len(found) < 4:
        parts, operand = _parts(run, node, frame)
        if parts is None:
            break
        found.append(parts)
        node = operand
    return tuple(found)


def argument(call: ir.Call, position: int, name: str) -> ir.Expr | None:
    """The expression of an argument that is given by its position or its name."""
    if any(each.star for each in call.arguments):
        return None
    for index, each in enumerate(call.arguments):
        if each.keyword == name or (each.keyword is None and index == position):
            return each.value
    return None


def _last_name(function: ir.Expr) -> str:
    match function:
        case ir.Attribute(attr=name) | ir.Name(name=name):
            return name
    return ""


def _is_module(run: Interpreter, expr: ir.Expr, frame: Frame) -> bool:
    """Whether an expression names a module or class of which functions are called: `torch.nn.functional`, `F`."""
    while isinstance(expr, ir.Attribute):
        expr = expr.value
    return isinstance(expr, ir.Name) and isinstance(lookup(run, expr.name, frame), (External, Namespace))
