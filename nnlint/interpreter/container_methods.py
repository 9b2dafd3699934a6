"""Methods of lists, dicts, strings and shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlint.interpreter import graphs, reuse
from nnlint.interpreter.objects import (
    NONE,
    Arguments,
    Const,
    Frame,
    Mapping,
    Perhaps,
    Sequence,
    ShapeOf,
    Unknown,
    Value,
)
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

MOST_ADDED = 100  # elements one by one: a register of all networks of a library has hundreds


def call(
    run: Interpreter,
    receiver: Sequence | Mapping | Const | ShapeOf,
    name: str,
    arguments: Arguments,
    node: ir.Call | None,
    frame: Frame,
) -> Value:
    """`receiver.name(*arguments)`."""
    match receiver:
        case Sequence():
            return _of_sequence(run, receiver, name, arguments, node, frame)
        case Mapping():
            return _of_mapping(run, receiver, name, arguments)
        case Const(value=str(text)):
            return _of_text(run, text, name, arguments)
        case ShapeOf():
            return Unknown(name)
    return run.unknown_result(arguments, name, receiver)


def add(run: Interpreter, sequence: Sequence, value: Value) -> None:
    """An element more; where there are many already, they stand for any number."""
    if len(sequence.items) < MOST_ADDED:
        run.store.write(sequence, "items", (*sequence.items, value))
    elif sequence.exact:
        run.store.write(sequence, "exact", False)


def put(run: Interpreter, mapping: Mapping, key: object, value: Value) -> None:
    """An element more under a key, or another; of many not all are known."""
    if key in mapping.items or len(mapping.items) < MOST_ADDED:
        run.store.write(mapping, "items", {**mapping.items, key: value})
    elif mapping.exact:
        run.store.write(mapping, "others", True)


def _of_sequence(
    run: Interpreter, sequence: Sequence, name: str, arguments: Arguments, node: ir.Call | None, frame: Frame
) -> Value:
    value = arguments.positional[0] if arguments.positional else Unknown()
    match name:
        case "append" | "add" | "appendleft":
            value = graphs.collected(run, sequence, value, node, frame)
            reuse.appended(run, sequence, value, frame)
            add(run, sequence, value)
            run.collected(value)
        case "extend" | "update":
            known, items = run.iterate(value, node, frame)
            run.store.write(sequence, "items", (*sequence.items, *items))
            if not known:
                run.store.write(sequence, "exact", False)
        case "insert":
            at = value.value if isinstance(value, Const) and isinstance(value.value, int) else None
            if at is None or len(arguments.positional) < 2:
                run.store.write(sequence, "exact", False)
            else:
                items = list(sequence.items)
                items.insert(at, arguments.positional[1])
                run.store.write(sequence, "items", tuple(items))
        case "pop":
            if not sequence.items:
                return Unknown()
            at = (
                -1
                if not arguments.positional
                else value.value
                if isinstance(value, Const) and isinstance(value.value, int)
                else None
            )
            if at is None or not -len(sequence.items) <= at < len(sequence.items):
                run.store.write(sequence, "exact", False)
                return Unknown()
            items = list(sequence.items)
            popped = items.pop(at)
            run.store.write(sequence, "items", tuple(items))
            return popped.value if isinstance(popped, Perhaps) else popped
        case "clear":
            run.store.write(sequence, "items", ())
        case "reverse":
            run.store.write(sequence, "items", tuple(reversed(sequence.items)))
        case "copy":
            return Sequence(sequence.kind, sequence.items, sequence.exact)
        case "remove" | "discard" | "sort":
            if name != "sort":
                run.store.write(sequence, "exact", False)
        case "index" | "count":
            return Unknown(name)
        case "numel":
            return Unknown(name)
        case "item" | "detach" | "numpy" | "tolist":  # what holds it may be a tensor on another path
            return Unknown(name, run.provenance(sequence).detached())
        case _:
            return run.unknown_result(arguments, name, sequence)
    return NONE


def _of_mapping(run: Interpreter, mapping: Mapping, name: str, arguments: Arguments) -> Value:
    key = arguments.positional[0] if arguments.positional else None
    match name:
        case "items":
            pairs = tuple(Sequence("tuple", (Const(k), v)) for k, v in mapping.items.items())
            return Sequence("list", pairs, mapping.exact)
        case "values":
            return Sequence("list", tuple(mapping.items.values()), mapping.exact)
        case "keys":
            return Sequence("list", tuple(Const(k) for k in mapping.items), mapping.exact)
        case "get" | "pop" | "setdefault":
            if isinstance(key, Const) and key.value.__hash__ is not None:
                if key.value in mapping.items:
                    found = mapping.items[key.value]
                    if name == "pop":
                        run.store.write(mapping, "items", {k: v for k, v in mapping.items.items() if k != key.value})
                    return found
                default = arguments.get(1, "default")
                if name == "setdefault" and default is not None:
                    put(run, mapping, key.value, default)
                    return default
                if mapping.exact:
                    return default if default is not None else NONE
                return run.child(mapping, f"[{key.value!r}]")
            values = list(mapping.items.values())
            return run.join_all(values) if values and name == "get" and mapping.exact else Unknown()
        case "update":
            if isinstance(key, Mapping):
                run.store.write(mapping, "items", {**mapping.items, **key.items, **arguments.keywords})
                if not key.exact:
                    run.store.write(mapping, "others", True)
            else:
                run.store.write(mapping, "items", {**mapping.items, **arguments.keywords})
                run.store.write(
                    mapping, "others", True if key is not None or arguments.loose else mapping.fields["others"]
                )
            return NONE
        case "copy":
            return Mapping(dict(mapping.items), not mapping.exact)
    return run.unknown_result(arguments, name, mapping)


def _of_text(run: Interpreter, text: str, name: str, arguments: Arguments) -> Value:
    given = [value.value for value in arguments.positional if isinstance(value, Const) and isinstance(value.value, str)]
    if len(given) == len(arguments.positional):
        match name:
            case "lower" | "upper" | "strip" | "title" | "capitalize" if not given:
                return Const(getattr(text, name)())
            case "startswith" | "endswith" if len(given) == 1:
                return Const(getattr(text, name)(given[0]))
            case "find" if len(given) == 1:
                return Const(text.find(given[0]))
            case "split" if len(given) <= 1:
                return Sequence("list", tuple(map(Const, text.split(given[0] if given else None))))
            case "replace" if len(given) == 2:
                return Const(text.replace(given[0], given[1]))
    for value in arguments.all():
        run.used(value)
    return Unknown(name)
