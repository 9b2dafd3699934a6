"""Options of the command line: what they are is not known, their default is what they most likely are.

An option is an `Unknown` that remembers its default, so that no branch is decided by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnlint.interpreter.objects import (
    NONE,
    Arguments,
    Const,
    External,
    Frame,
    Native,
    Sequence,
    Unknown,
    Value,
)
from nnlint.reading import script as ir
from nnlint.source import Place

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

DEFAULT = "<default>"
OPTIONS = "<options>"


@dataclass(frozen=True, slots=True)
class Default:
    """What something is unless somebody says otherwise; `name` is that of the option (`--lr`) or parameter."""

    value: Value
    name: str
    place: Place | None = None


def default_of(value: Value | None) -> Default | None:
    return value.lazies.get(DEFAULT) if isinstance(value, Unknown) else None


def with_default(name: str, default: Value | None) -> Unknown:
    """A parameter of a function that nothing calls."""
    unknown = Unknown(name)
    if isinstance(default, Const) and default.value is not None:
        unknown.lazies[DEFAULT] = Default(default, name)
    return unknown


def make_parser(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    """`argparse.ArgumentParser()`."""
    parser = Unknown("parser")
    declared: dict[str, Default] = {}

    def itself(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
        return parser

    def add(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
        _declare(run, declared, arguments, node, frame)
        return NONE

    def set_defaults(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
        for name, value in arguments.keywords.items():
            declared[name] = Default(value, name, run.place(frame, node) if node is not None else None)
        return NONE

    def parse(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
        return _parsed(declared)

    def parse_known(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
        return Sequence("tuple", (_parsed(declared), Unknown("rest")))

    methods = {
        "add_argument": add,
        "add": add,
        "set_defaults": set_defaults,
        "parse_args": parse,
        "parse_known_args": parse_known,
        "add_argument_group": itself,
        "add_mutually_exclusive_group": itself,
    }
    parser.lazies.update({name: Native(name, method) for name, method in methods.items()})
    return parser


def variables(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    """`vars(args)`: the same options, by subscript."""
    value = arguments.positional[0] if arguments.positional else None
    return value if isinstance(value, Unknown) and OPTIONS in value.lazies else Unknown("vars")


def _declare(
    run: Interpreter, declared: dict[str, Default], arguments: Arguments, node: ir.Call | None, frame: Frame
) -> None:
    flags = [v.value for v in arguments.positional if isinstance(v, Const) and isinstance(v.value, str)]
    long = next((flag for flag in flags if flag.startswith("--")), flags[0] if flags else None)
    dest = arguments.keywords.get("dest")
    if isinstance(dest, Const):
        name = str(dest.value)
    elif long is not None:
        name = long.lstrip("-").replace("-", "_")
    else:
        return
    default = _converted(arguments.keywords.get("default"), arguments.keywords.get("type"))
    if default is not None:
        declared[name] = Default(default, long or name, run.place(frame, node) if node is not None else None)


def _converted(default: Value | None, kind: Value | None) -> Value | None:
    """The default as it is handed out: a text is converted to the type of the option."""
    if isinstance(default, Const) and isinstance(default.value, str) and isinstance(kind, External):
        try:
            return Const({"float": float, "int": int}[kind.dotted](default.value))
        except (KeyError, ValueError):
            return default
    return default


def _parsed(declared: dict[str, Default]) -> Unknown:
    options = Unknown("args")
    options.lazies[OPTIONS] = True
    for name, default in declared.items():
        option = Unknown(name)
        option.lazies[DEFAULT] = default
        options.lazies[name] = options.lazies[f"[{name!r}]"] = option
    return options
