"""Which attributes a file reads, and by which class: a fact about a Script, of names alone.

It errs on the side of use: whatever may read an attribute by another name counts as reading it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import Any

from nnlint.reading import script as ir

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*\Z")
_CHILDREN = frozenset({"children", "named_children", "modules", "named_modules", "get_submodule"})
_DICTIONARIES = frozenset({"_modules", "__dict__"})
_SETS_UP = re.compile(
    r"__init__|init|weight|reset|freeze|train|eval|param"
)  # methods that visit layers to prepare them


@dataclass(slots=True)
class ClassUses:
    """What a class does with the attributes of its own objects.

    `built` are those that the constructor gives the result of a call: by name the number of the node that is assigned
    to. `is_open` says that it may read any of them.
    """

    definition: int
    name: str
    bases: tuple[str, ...]
    reads: set[str] = field(default_factory=set)
    built: dict[str, int] = field(default_factory=dict)
    is_open: bool = False


@dataclass(slots=True)
class Uses:
    """What a file reads: `names` of any object, `prefixes` the starts of names that are put together."""

    classes: list[ClassUses] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    prefixes: set[str] = field(default_factory=set)


def uses(script: ir.Script) -> Uses:
    """The attributes that a file reads."""
    walk = _Walk()
    walk.all(script.body, None)
    return walk.found


@dataclass(frozen=True, slots=True)
class _Method:
    """The method that is walked, by whose first parameter the object is known."""

    owner: ClassUses
    name: str
    receiver: str


class _Walk:
    def __init__(self) -> None:
        self.found = Uses()

    def all(self, parts: Any, method: _Method | None) -> None:
        for part in parts:
            self.visit(part, method)

    def visit(self, node: Any, method: _Method | None) -> None:
        match node:
            case ir.ClassDef():
                self._class(node, method)
            case ir.ExprStatement(value=ir.Constant()):
                pass  # a docstring
            case ir.Assign(targets=targets, value=value):
                if method and len(targets) == 1 and isinstance(value, ir.Call) and method.name == "__init__":
                    self._built(targets[0], method)
                for target in targets:
                    self._stored(target, method)
                self.visit(value, method)
            case ir.AnnotatedAssign(target=target, value=value):
                self._stored(target, method)
                self.visit(value, method)
            case ir.Attribute(value=owner, attr=attr):
                self._read(owner, attr, method)
                self.visit(owner, method)
            case ir.Call():
                self._call(node, method)
                self._inside(node, method)
            case ir.Subscript(value=value, index=ir.Constant(value=str())):
                self.visit(value, method)
            case ir.Constant(value=str(text)):
                self.found.names.update(part for part in text.split(".") if _IDENTIFIER.match(part))
            case ir.Formatted(texts=texts):
                self._prefix(texts[0] if texts else "")
                self._inside(node, method)
            case ir.Binary(left=ir.Constant(value=str(text)), op="+" | "%"):
                self._prefix(text.partition("%")[0])
                self._inside(node, method)
            case _:
                self._inside(node, method)

    def _inside(self, node: Any, method: _Method | None) -> None:
        if isinstance(node, tuple):
            self.all(node, method)
        elif hasattr(node, "__dataclass_fields__"):
            for each in fields(node):
                value = getattr(node, each.name)
                if isinstance(value, tuple) or hasattr(value, "__dataclass_fields__"):
                    self.visit(value, method)

    def _class(self, node: ir.ClassDef, method: _Method | None) -> None:
        names = [_last_name(each.value) for each in node.arguments if each.keyword is None]
        owner = ClassUses(node.id, node.name, tuple(name for name in names if name))
        self.found.classes.append(owner)
        self.all(node.decorators, method)
        for statement in node.body:
            if isinstance(statement, ir.FunctionDef) and statement.parameters.items:
                inner = _Method(owner, statement.name, statement.parameters.items[0].name)
                self.all(statement.decorators, None)
                self.visit(statement.parameters, None)
                self.all(statement.body, inner)
            else:
                self.visit(statement, None)

    def _built(self, target: ir.Expr, method: _Method) -> None:
        match target:
            case ir.Attribute(value=ir.Name(name=name), attr=attr) if name == method.receiver:
                method.owner.built[attr] = target.id

    def _stored(self, target: ir.Expr, method: _Method | None) -> None:
        match target:
            case ir.Attribute(value=owner):
                self.visit(owner, method)
            case ir.TupleDisplay(elements=elements) | ir.ListDisplay(elements=elements):
                for element in elements:
                    self._stored(element, method)
            case _:
                self.visit(target, method)

    def _read(self, owner: ir.Expr, attr: str, method: _Method | None) -> None:
        if method is None or not isinstance(owner, ir.Name) or owner.name != method.receiver:
            self.found.names.add(attr)
            return
        method.owner.reads.add(attr)
        visits = attr in _CHILDREN and not _SETS_UP.search(method.name)
        if visits or attr in _DICTIONARIES:
            method.owner.is_open = True

    def _call(self, node: ir.Call, method: _Method | None) -> None:
        given = [argument.value for argument in node.arguments]
        match node.function:
            case ir.Attribute(value=ir.Constant(value=str(text)), attr="format"):
                self._prefix(text.partition("{")[0])
            case ir.Name(name="getattr" | "hasattr" | "delattr") if len(given) >= 2:
                if isinstance(given[1], ir.Constant) and isinstance(given[1].value, str):
                    self._read(given[0], given[1].value, method)
                elif method and isinstance(given[0], ir.Name) and given[0].name == method.receiver:
                    method.owner.is_open = True
            case ir.Name(name="vars" | "eval" | "exec" | "locals") if method:
                method.owner.is_open = True

    def _prefix(self, text: str) -> None:
        last = text.rpartition(".")[2]
        if _IDENTIFIER.match(last):
            self.found.prefixes.add(last)


def _last_name(expr: ir.Expr) -> str:
    match expr:
        case ir.Name(name=name):
            return name
        case ir.Attribute(attr=attr):
            return attr
    return ""
