"""Whether values are true, and what a branch taken says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlint.interpreter import operators
from nnlint.interpreter.objects import (
    Bound,
    ClassValue,
    Const,
    External,
    Frame,
    Function,
    Instance,
    Mapping,
    Method,
    Namespace,
    Native,
    Partial,
    Perhaps,
    Sequence,
    SizeValue,
    Union,
    Unknown,
    Value,
)
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


def truth(run: Interpreter, value: Value) -> bool | None:
    """Whether a value is true, None when it is not known."""
    match value:
        case Const():
            return bool(value.value)
        case Sequence():
            if value.items and not all(isinstance(item, Perhaps) for item in value.items):
                return True
            return False if value.exact and not value.items else None
        case Mapping():
            return True if value.items else (False if value.exact else None)
        case External(dotted="typing.TYPE_CHECKING"):
            return False
        case External(dotted=dotted):
            # a setting of a package that is not here may be anything; a function or class of torch or Python is there
            return True if dotted.startswith("torch.") or "." not in dotted else None
        case Function() | Bound() | ClassValue() | Native() | Partial() | Namespace() | Method():
            return True
        case Instance():
            return True if not run.finds_method(value, "__len__") and not run.finds_method(value, "__bool__") else None
        case Union():
            truths = {truth(run, each) for each in value.alternatives}
            return truths.pop() if len(truths) == 1 else None
        case SizeValue(number=int(number)):
            return bool(number)
        case Unknown():
            return run.assumptions.get(value.serial)
    return None


def compared(run: Interpreter, left: Value, op: str, right: Value) -> bool | None:
    if isinstance(left, Unknown) and isinstance(right, Const):
        known = run.assumptions.get((left.serial, repr(right.value)))
        if known is not None and op in ("==", "!=", "is", "is not"):
            return known is (op in ("==", "is"))
    return operators.compared(run, left, op, right)


def assuming(run: Interpreter, test: ir.Expr, truth: bool, frame: Frame) -> bool:
    """Take down, for this path, what the test's outcome says of unknown values; always true."""
    match test:
        case ir.Unary(op="not", operand=operand):
            return assuming(run, operand, not truth, frame)
        case ir.Boolean(op=op, left=left, right=right) if truth is (op == "and"):
            return assuming(run, left, truth, frame) and assuming(run, right, truth, frame)
        case ir.Name() | ir.Attribute():
            value = run.evaluate(test, frame)
            if isinstance(value, Unknown):
                run.assumptions[value.serial] = truth
        case ir.Compare(left=ir.Name() | ir.Attribute() as left, ops=(op,), comparators=(ir.Constant(value=constant),)):
            value = run.evaluate(left, frame)
            if isinstance(value, Unknown) and op in ("==", "!=", "is", "is not"):
                run.assumptions[(value.serial, repr(constant))] = truth is (op in ("==", "is"))
                if constant is None and truth is (op == "is"):
                    run.assumptions[value.serial] = False
            elif (
                isinstance(value, Union)
                and isinstance(left, ir.Name)
                and constant is None
                and op in ("is", "is not", "==", "!=")
            ):
                is_none = truth is (op in ("is", "=="))
                rest = tuple(
                    each for each in value.alternatives if (isinstance(each, Const) and each.value is None) is is_none
                )
                if rest:
                    run.assign_name(left.name, rest[0] if len(rest) == 1 else Union(rest), frame)
    return True
