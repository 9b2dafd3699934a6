"""Looking names up, and assigning to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlint.interpreter.imports import star_member
from nnlint.interpreter.names import BUILTIN_NAMES
from nnlint.interpreter.objects import External, Frame, Instance, Obj, SizeValue, Unknown, Value

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


def lookup(run: Interpreter, name: str, frame: Frame) -> Value:
    scope: Frame | None = frame
    if frame.names.get(name) == "global":
        scope = frame.namespace.lazies.get("<frame>", frame)
    first = True
    while scope is not None:
        if (first or not scope.is_class) and name in scope.fields:
            value: Value = scope.fields[name]
            return value
        scope, first = scope.parent, False
    for prefix in frame.namespace.lazies.get("<stars>", ()):
        found = star_member(prefix, name)
        if found is not None:
            return found
    if name in BUILTIN_NAMES:
        return External(name)
    declared = run.imports.declared(run, frame.namespace, name)
    if declared is not None:
        return declared
    return run.child(frame.namespace, name)


def assign_name(run: Interpreter, name: str, value: Value, frame: Frame) -> None:
    target: Obj = frame
    kind = frame.names.get(name)
    if kind == "global":
        target = frame.namespace.lazies.get("<frame>", frame)
    elif kind == "nonlocal":
        scope = frame.parent
        while scope is not None and name not in scope.fields:
            scope = scope.parent
        target = scope or frame
    run.store.write(target, name, value)
    name_value(run, value, name)


def name_value(run: Interpreter, value: Value, name: str) -> None:
    """The first variable that holds an object lends it its name, for messages and for what names say."""
    match value:
        case Instance() if not value.name:
            value.name = name
        case Unknown() if not value.name or value.name.startswith("["):
            value.name = name
        case SizeValue():
            run.sizes.name_size(value, name)
