"""Functions that differ in the arguments of the same calls: the dozens of sizes in which a library offers a network.

    def resnet18(**kwargs):
        return _resnet(BasicBlock, [2, 2, 2, 2], **kwargs)

Running all of them shows what running some of them does, at many times the cost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from nnlint.interpreter.objects import ClassValue, External, Function, Value
from nnlint.reading import script as ir

MOST_RUN = 2  # variants that are run of one thing
_PLAIN = frozenset(
    {"bool", "dict", "float", "functools.partial", "int", "len", "list", "max", "min", "range", "str", "tuple"}
)
_OF_DICTIONARIES = frozenset({"copy", "get", "pop", "setdefault", "update"})
_PLAIN_STATEMENTS = (ir.Assign, ir.AnnotatedAssign, ir.ExprStatement, ir.Return)

Callees = frozenset[tuple[str, int]]


def callees(function: Function) -> Callees | None:
    """What of the project a function calls, by file and node, when it does nothing else than put arguments together.

    None of one that does more, such as to build a layer: that is something of its own.
    """
    definition = function.definition
    if not isinstance(definition, ir.FunctionDef) or not all(isinstance(s, _PLAIN_STATEMENTS) for s in definition.body):
        return None
    own = {parameter.name for parameter in definition.parameters.items}
    found: set[tuple[str, int]] = set()
    for call in _calls(definition.body):
        match call.function:
            case ir.Attribute(value=ir.Name(name=name), attr=attr) if name in own and attr in _OF_DICTIONARIES:
                continue
            case ir.Name(name=name) if name not in own:
                match _named(function, name):
                    case Function() | ClassValue() as callee:
                        found.add((callee.frame.namespace.file, callee.definition.id))
                        continue
                    case External(dotted=dotted) if dotted in _PLAIN:
                        continue
                    case None if name in _PLAIN:
                        continue
        return None
    return frozenset(found) or None


def _named(function: Function, name: str) -> Value | None:
    found: Value | None = function.frame.namespace.fields.get(name)
    return found


def _calls(part: Any) -> Iterator[ir.Call]:
    """The calls in statements or expressions."""
    if isinstance(part, ir.Call):
        yield part
    if isinstance(part, tuple):
        for each in part:
            yield from _calls(each)
    elif isinstance(part, (ir.Node, ir.Argument, ir.Clause)):
        for each in fields(part):
            yield from _calls(getattr(part, each.name))
