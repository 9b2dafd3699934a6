"""How calls are written: which of their parts is the tensor, and where their arguments stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING

from nnlint.interpreter.objects import External, Frame, Namespace
from nnlint.interpreter.scopes import lookup
from nnlint.knowledge.operations import OPERATIONS
from nnlint.reading import script as ir
from nnlint.source import Place
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


def assignable(run: Interpreter, call: ir.Call, frame: Frame) -> Place | None:
    """The operand of a call, if it can be assigned to and something reads it later."""
    operand = _parts(run, call, frame)[1]
    match operand:
        case ir.Name(name=name):
            # elsewhere an assignment would make another variable of it
            known = name in frame.fields and name not in frame.names and _read_later(run, name, call, frame)
            return run.place(frame, operand) if known else None
        case ir.Attribute(value=ir.Name() | ir.Attribute()):
            return run.place(frame, operand)
    return None


def _read_later(run: Interpreter, name: str, call: ir.Call, frame: Frame) -> bool:
    """Whether a variable is read behind a statement, or before it in a loop around both that does not set it."""
    definition = frame.function.definition if frame.function is not None else None
    body = definition.body if isinstance(definition, ir.FunctionDef) else run.program.script(frame.namespace.path).body
    reads = [node.id for node in _nodes(body) if isinstance(node, ir.Name) and node.name == name]
    own = {node.id for node in _nodes(call)}
    loops = [
        (node.id, max(each.id for each in _nodes(node)))
        for node in _nodes(body)
        if isinstance(node, (ir.For, ir.While)) and call in list(_nodes(node))
        if not (isinstance(node, ir.For) and any(getattr(each, "name", "") == name for each in _nodes(node.target)))
    ]
    return any(
        read not in own and (read > call.id or any(first < read <= last for first, last in loops)) for read in reads
    )


def _nodes(part: object) -> Iterator[ir.Node]:
    """A part of a script and all in it."""
    if isinstance(part, (tuple, list)):
        for item in part:
            yield from _nodes(item)
    elif is_dataclass(part):
        if isinstance(part, ir.Node):
            yield part
        for each in fields(part):
            yield from _nodes(getattr(part, each.name))


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
