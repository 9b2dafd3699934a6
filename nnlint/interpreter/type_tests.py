"""Asking a value for its type and for its attributes: `isinstance`, `hasattr`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlint.interpreter import classes, modes
from nnlint.interpreter.objects import (
    FALSE,
    TRUE,
    Arguments,
    Bound,
    ClassValue,
    Const,
    External,
    Frame,
    Function,
    Instance,
    Mapping,
    Sequence,
    Tensor,
    Unknown,
    Value,
)
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


def is_instance(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    if len(arguments.positional) != 2:
        return Unknown()
    value, kind = arguments.positional
    kinds = kind.items if isinstance(kind, Sequence) else (kind,)
    verdicts = [_is_a(run, value, each) for each in kinds]
    if True in verdicts:
        return TRUE
    return FALSE if verdicts and all(verdict is False for verdict in verdicts) else Unknown()


_TENSOR_TYPES = ("torch.Tensor", "torch.autograd.Variable")  # since torch 0.4 they are one
_PYTHON_TYPES = {"int": int, "float": float, "str": str, "bool": bool}


def _is_a(run: Interpreter, value: Value, kind: Value) -> bool | None:
    match value, kind:
        case Const(value=None), External() | ClassValue():
            return False
        case Const(value=constant), External(dotted=dotted) if dotted in _PYTHON_TYPES:
            return isinstance(constant, _PYTHON_TYPES[dotted])
        case Const(), External() | ClassValue():
            return False
        case Sequence(kind=actual), External(dotted="list" | "tuple" | "set" as wanted):
            return actual == wanted
        case Mapping(), External(dotted=dotted):
            return dotted in ("dict", "collections.OrderedDict", "collections.abc.Mapping", "typing.Mapping")
        case Tensor(), External(dotted=dotted):
            return (
                dotted in _TENSOR_TYPES
                if dotted in (*_TENSOR_TYPES, "list", "tuple", "dict", "str", "int", "float")
                else None
            )
        case Instance(), External(dotted=dotted):
            if isinstance(value.cls, External):
                return (
                    True
                    if value.cls.dotted == dotted
                    else (dotted == "torch.nn.Module" and modes.is_module(value))
                    or _torch_kin(value.cls.dotted, dotted)
                )
            if dotted in classes.externals(value.cls):
                return True
            if dotted == "torch.nn.Module":
                return True if modes.is_module(value) else None
            return (
                None
                if classes.has_unknown_base(value.cls)
                or (classes.externals(value.cls) and dotted not in ("list", "tuple", "dict"))
                else False
            )
        case Instance(), ClassValue():
            if isinstance(value.cls, External):
                return False
            return (
                True
                if any(each is kind for each in classes.lineage(value.cls))
                else (None if classes.has_unknown_base(value.cls) else False)
            )
        case Instance() | Tensor() | Function() | Bound(), External(
            dotted="list" | "tuple" | "dict" | "str" | "int" | "float" | "bool"
        ):
            return False
        case Sequence() | Mapping(), ClassValue() | External():
            return False
    return None


def _torch_kin(actual: str, wanted: str) -> bool | None:
    """Whether one torch class is a subclass of another, where names tell: `_BatchNorm`, `_ConvNd`."""
    last = wanted.rpartition(".")[2]
    if last.startswith("_"):
        return last.strip("_").removesuffix("Nd") in actual
    return False if actual.startswith("torch.nn.") and wanted.startswith("torch.nn.") else None


def has_attribute(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    if len(arguments.positional) == 2 and isinstance(arguments.positional[1], Const):
        owner, name = arguments.positional[0], str(arguments.positional[1].value)
        if isinstance(owner, Instance):
            if name in owner.fields or run.finds_method(owner, name):
                return TRUE
            if name == "module" and modes.is_module(owner) and not run.has_open_attributes(owner):
                return FALSE
    return Unknown()
