"""Which attributes a file reads, and by which class: a fact about a Script, of names alone.

It errs on the side of use: whatever may read an attribute by another name counts as reading it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from typing import Any

from nnlint.reading import script as ir

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*\Z")
_CHILDREN = frozenset({"children", "named_children", "modules", "named_modules", "get_submodule"})
_MOVES = frozenset({"to", "cuda", "cpu", "type_as", "type", "float", "double", "half", "device", "is_cuda"})
_DICTIONARIES = frozenset({"_modules", "__dict__"})
_SETS_UP = re.compile(
    r"__init__|init|weight|reset|freeze|train|eval|param"
)  # methods that visit layers to prepare them


@dataclass(slots=True)
class ClassUses:
    """What a class does with the attributes of its own objects.

    `built` are those that the constructor gives the result of a call: by name the number of the node that is assigned
    to, and the call. Other methods have `rewritten` some, have `moved` some to a device or type, and compute with
    `operands`. `is_open` says that it may read any of them, `places` that the constructor chooses a device.
    """

    definition: int
    name: str
    bases: tuple[str, ...]
    reads: set[str] = field(default_factory=set)
    built: dict[str, tuple[int, ir.Call]] = field(default_factory=dict)
    rewritten: set[str] = field(default_factory=set)
    moved: set[str] = field(default_factory=set)
    operands: set[str] = field(default_factory=set)
    is_open: bool = False
    places: bool = False


@dataclass(slots=True)
class Uses:
    """What a file reads: `names` of any object, `prefixes` the starts of names that are put together.

    Of objects from outside it has `called` some attributes, and `written` some.
    """

    classes: list[ClassUses] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    called: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
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


_LOOKED_AT = frozenset(
    [
        ir.AnnotatedAssign, ir.Assign, ir.Attribute, ir.Binary, ir.Call, ir.ClassDef, ir.Constant, ir.ExprStatement,
        ir.Formatted, ir.Subscript,
    ]
)  # fmt: skip
"""The nodes that are more than their parts."""


@cache
def _parts(kind: type) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind)) if is_dataclass(kind) else ()


class _Walk:
    def __init__(self) -> None:
        self.found = Uses()

    def all(self, parts: Any, method: _Method | None) -> None:
        for part in parts:
            self.visit(part, method)

    def visit(self, node: Any, method: _Method | None) -> None:
        if type(node) not in _LOOKED_AT:
            self._inside(node, method)
            return
        match node:
            case ir.ClassDef():
                self._class(node, method)
            case ir.ExprStatement(value=ir.Constant()):
                pass  # a docstring
            case ir.Assign(targets=targets, value=value):
                if method and len(targets) == 1 and isinstance(value, ir.Call) and method.name == "__init__":
                    self._built(targets[0], value, method)
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
                self._called(node.function, method)
                self.all([argument.value for argument in node.arguments], method)
            case ir.Subscript(value=value, index=ir.Constant(value=str())):
                self.visit(value, method)
            case ir.Constant(value=str(text)):
                self.found.names.update(part for part in text.split(".") if _IDENTIFIER.match(part))
            case ir.Formatted(texts=texts):
                self._prefix(texts[0] if texts else "")
                self._inside(node, method)
            case ir.Binary(left=left, right=right):
                if isinstance(left, ir.Constant) and isinstance(left.value, str):
                    self._prefix(left.value.partition("%")[0])
                self._operands((left, right), method)
                self._inside(node, method)
            case _:
                self._inside(node, method)

    def _inside(self, node: Any, method: _Method | None) -> None:
        if isinstance(node, tuple):
            self.all(node, method)
            return
        for name in _parts(node.__class__):
            value = getattr(node, name)
            if isinstance(value, tuple) or _parts(value.__class__):
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

    def _built(self, target: ir.Expr, value: ir.Call, method: _Method) -> None:
        name = _of_receiver(target, method)
        if name and isinstance(target, ir.Attribute):
            method.owner.built[name] = target.id, value

    def _stored(self, target: ir.Expr, method: _Method | None) -> None:
        match target:
            case ir.Attribute(value=owner, attr=attr):
                if method is None or not _of_receiver(target, method):
                    self.found.written.add(attr)
                elif method.name != "__init__":
                    method.owner.rewritten.add(attr)
                self.visit(owner, method)
            case ir.TupleDisplay(elements=elements) | ir.ListDisplay(elements=elements):
                for element in elements:
                    self._stored(element, method)
            case _:
                self.visit(target, method)

    def _called(self, function: ir.Expr, method: _Method | None) -> None:
        if isinstance(function, ir.Attribute) and not (method and _is_receiver(function.value, method)):
            self.found.called.add(function.attr)
            self.visit(function.value, method)
        else:
            self.visit(function, method)

    def _read(self, owner: ir.Expr, attr: str, method: _Method | None) -> None:
        if method is None or not _is_receiver(owner, method):
            self.found.names.add(attr)
            return
        method.owner.reads.add(attr)
        method.owner.places |= method.name == "__init__" and attr in _MOVES
        visits = attr in _CHILDREN and not _SETS_UP.search(method.name)
        if visits or attr in _DICTIONARIES:
            method.owner.is_open = True

    def _call(self, node: ir.Call, method: _Method | None) -> None:
        given = [argument.value for argument in node.arguments]
        if method is not None:
            self._moved(node, given, method)
        match node.function:
            case ir.Attribute(value=ir.Constant(value=str(text)), attr="format"):
                self._prefix(text.partition("{")[0])
            case ir.Name(name="getattr" | "hasattr" | "delattr") if len(given) >= 2:
                if isinstance(given[1], ir.Constant) and isinstance(given[1].value, str):
                    self._read(given[0], given[1].value, method)
                elif method and _is_receiver(given[0], method):
                    method.owner.is_open = True
            case ir.Name(name="vars" | "eval" | "exec" | "locals") if method:
                method.owner.is_open = True

    def _moved(self, node: ir.Call, given: list[ir.Expr], method: _Method) -> None:
        function = node.function
        if isinstance(function, ir.Attribute) and (function.attr in _MOVES or function.attr.startswith("new_")):
            method.owner.moved.update(_of_receiver(each, method) for each in (function.value, *given))
        if any(argument.keyword == "device" for argument in node.arguments):
            method.owner.moved.update(_of_receiver(each, method) for each in given)
        if isinstance(function, ir.Attribute) and function.attr.startswith("conv"):
            self._operands(tuple(given), method)
        if method.name == "__init__":
            by_name = any(argument.keyword == "device" for argument in node.arguments)
            method.owner.places |= by_name or (isinstance(function, ir.Attribute) and function.attr in _MOVES)

    def _operands(self, operands: tuple[ir.Expr, ...], method: _Method | None) -> None:
        if method is not None and method.name != "__init__":
            method.owner.operands.update(_of_receiver(each, method) for each in operands if not _is_size(each))

    def _prefix(self, text: str) -> None:
        last = text.rpartition(".")[2]
        if _IDENTIFIER.match(last):
            self.found.prefixes.add(last)


def _is_receiver(expr: ir.Expr, method: _Method) -> bool:
    return isinstance(expr, ir.Name) and expr.name == method.receiver


def _is_size(expr: ir.Expr) -> bool:
    """`x.size(0)`, `x.shape[-1]`: a number, whatever the device of `x`."""
    match expr:
        case ir.Call(function=ir.Attribute(attr="size" | "dim" | "numel" | "item")) | ir.Attribute(attr="shape"):
            return True
        case ir.Subscript(value=inner):
            return _is_size(inner)
    return False


def _of_receiver(expr: ir.Expr, method: _Method) -> str:
    """The attribute of the method's own object that an expression is, or is a part of; "" for all others."""
    while True:
        match expr:
            case ir.Attribute(value=ir.Name(name=name), attr=attr):
                return attr if name == method.receiver else ""
            case ir.Attribute(value=inner) | ir.Subscript(value=inner) | ir.Call(function=inner):
                expr = inner
            case _:
                return ""


def _last_name(expr: ir.Expr) -> str:
    match expr:
        case ir.Name(name=name):
            return name
        case ir.Attribute(attr=attr):
            return attr
    return ""
