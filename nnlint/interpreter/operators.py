"""Arithmetic, logic and comparison."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING, Any

from nnlint.interpreter import (
    arithmetic,
    class_reductions,
    graphs,
    masks,
    memories,
    reuse,
    samples,
    shapes,
    telling,
)
from nnlint.interpreter.intervals import due, is_counter, is_interval, remainder
from nnlint.interpreter.joins import join
from nnlint.interpreter.objects import (
    FALSE,
    NO_PROVENANCE,
    TRUE,
    Const,
    Frame,
    Function,
    Instance,
    Mapping,
    Sequence,
    SizeValue,
    Tensor,
    Union,
    Unknown,
    Value,
)
from nnlint.interpreter.parameters import is_parameter_of_layer
from nnlint.interpreter.sizes import Size
from nnlint.interpreter.wording import text_of
from nnlint.reading import script as ir
from nnlint.values import Scale

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


def binary(run: Interpreter, expr: ir.Binary, frame: Frame) -> Value:
    # long chains of one operator nest to the left: walk down in a loop, not by recursion
    spine = [expr]
    while isinstance(spine[-1].left, ir.Binary):
        spine.append(spine[-1].left)
    left = run.evaluate(spine[-1].left, frame)
    for node in reversed(spine):
        right = run.evaluate(node.right, frame)
        if node.op == "*" and isinstance(left, Sequence):
            reuse.multiplied(run, node, left, right, frame)
        result = samples.made_of(run, (left, right), operate(run, node, left, node.op, right, frame))
        left = graphs.added(run, left, node.op, right, result, node, frame)
    return left


def operate(run: Interpreter, expr: ir.Node, left: Value, op: str, right: Value, frame: Frame) -> Value:
    """`left op right`."""
    match left, right:
        case Const(value=int() | float() as a), Const(value=int() | float() as b) if op in _ARITHMETIC:
            try:
                return Const(_ARITHMETIC[op](a, b))
            except (ArithmeticError, ValueError):
                return Unknown()
        case Const(value=int() | float() as a), Const(value=int() as b) if op == "**" and abs(a) < 1000 and 0 <= b < 32:
            return Const(a**b)
        case Const(value=str(a)), Const(value=str(b)) if op == "+":
            return Const(a + b)
        case Const(value=str()), _ if op == "%":
            return Unknown()
        case Sequence(), Sequence() if op == "+":
            return Sequence(left.kind, left.items + right.items, left.exact and right.exact)
        case Sequence(), Const(value=int(times)) if op == "*":
            return Sequence(left.kind, left.items * max(0, min(times, 12)), left.exact and times <= 12)
        case Sequence(), _ if op == "*":
            return Sequence(left.kind, left.items * 2, exact=False)
        case Sequence(), Unknown() if op == "+":
            return Sequence(left.kind, left.items, exact=False)
        case (Tensor(), _) | (_, Tensor()):
            for side in (left, right):
                run.makers.used(side, run.place(frame, expr))
            result = memories.combined(run, left, op, right, arithmetic.binary(run, left, op, right), expr, frame)
            if op == "-":
                hangs_on = telling.difference_taken(run, left, right, result.provenance, expr, frame)
                return result if hangs_on is result.provenance else result.but(provenance=hangs_on)
            return result
        case Union(), _ if len(left.alternatives) <= 4:
            return run.join_all([operate(run, expr, each, op, right, frame) for each in left.alternatives])
        case _, Union() if len(right.alternatives) <= 4:
            return run.join_all([operate(run, expr, left, op, each, frame) for each in right.alternatives])
        case (Const(value=False), Unknown()) | (Unknown(), Const(value=False)) if op == "*":
            return Const(0)  # `p * self.training`
    provenance = run.provenance(left) | run.provenance(right)
    marks = masks.combined(left, op, right)
    if marks is not None:
        return Tensor(provenance=provenance, marks=marks)
    if provenance is not NO_PROVENANCE and (provenance.calls or provenance.batches):
        return Unknown(provenance=provenance)
    if op == "%":
        return remainder()
    size = _size_arithmetic(run, left, op, right)
    return SizeValue(size, run.sizes.number(size)) if size is not None else Unknown()


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}


def _size_arithmetic(run: Interpreter, left: Value, op: str, right: Value) -> Size | None:
    a, b = run.sizes.as_size(left), run.sizes.as_size(right)
    if a is None or b is None:
        return None
    match op:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "//" | "/":
            return run.sizes.quotient(a, b)
    return None


def unary(run: Interpreter, expr: ir.Unary, frame: Frame) -> Value:
    value = run.evaluate(expr.operand, frame)
    if expr.op == "not":
        truth = run.truth(value)
        return due(value) if truth is None else Const(not truth)
    turned = masks.inverted(value) if expr.op == "~" else None
    value = turned or value
    match value:
        case Const(value=bool()):
            return Unknown()
        case Const(value=int() | float() as number) if expr.op == "-":
            return Const(-number)
        case Tensor():
            return (
                arithmetic.negate(value) if expr.op == "-" else value.but(scale=Scale.UNKNOWN, biased=None, memory=None)
            )
    return Unknown(provenance=run.provenance(value))


def boolean(run: Interpreter, expr: ir.Boolean, frame: Frame) -> Value:
    left = run.evaluate(expr.left, frame)
    truth = run.truth(left)
    decided = expr.op == "or"
    if truth is decided:
        return left
    if truth is (not decided):
        return run.evaluate(expr.right, frame)
    right = run.branch(lambda: run.evaluate(expr.right, frame))
    return (
        join(left, right)
        if isinstance(left, (Tensor, Instance, Function)) or not isinstance(right, Const)
        else due(left, right)
    )


def compare(run: Interpreter, expr: ir.Compare, frame: Frame) -> Value:
    left = run.evaluate(expr.left, frame)
    result: Value = TRUE
    for op, comparator in zip(expr.ops, expr.comparators, strict=True):
        right = run.evaluate(comparator, frame)
        verdict = compared(run, left, op, right)
        if verdict is None:
            provenance = run.provenance(left) | run.provenance(right)
            for side in (left, right):
                run.used(side)
                run.makers.used(side, run.place(frame, expr))
            if isinstance(left, Tensor) and isinstance(right, Const) and isinstance(right.value, float):
                telling.thresholded(run, left, right.value, expr, frame)
            before = expr.left if len(expr.ops) == 1 else comparator
            marks = masks.compared(run, left, op, right, expr, before, comparator, frame)
            if isinstance(left, Tensor) or isinstance(right, Tensor):
                if op in ("==", "!="):
                    texts = (text_of(expr.left), text_of(comparator))
                    class_reductions.met(run, (left, right), texts, expr, frame)
                cuts = [
                    telling.graph_cut(run, side, "compare", expr, frame)
                    for side in (left, right)
                    if isinstance(side, Tensor)
                ]
                shape = shapes.broadcast(run, run.sizes.shape_of(left), run.sizes.shape_of(right), left, right)
                return Tensor(shape=shape, provenance=reduce(operator.or_, cuts, provenance.detached()), marks=marks)
            result = masks.remember(Unknown(provenance=provenance.detached()), marks)
            if is_interval(left) or is_interval(right) or (op == "==" and (is_counter(left) or is_counter(right))):
                result = remainder()
        elif not verdict:
            return FALSE
        left = right
    return result


def compared(run: Interpreter, left: Value, op: str, right: Value) -> bool | None:
    """What `left op right` is, None when it is not known."""
    if op in ("is", "is not"):
        same = _is(left, right)
        return same if same is None or op == "is" else not same
    left, right = _as_constant(left), _as_constant(right)
    match left, right:
        case Const(), Const() if op in _COMPARISONS:
            try:
                return bool(_COMPARISONS[op](left.value, right.value))
            except TypeError:
                return None
        case Const(value=str(needle)), Const(value=str(text)) if op in ("in", "not in"):
            return (needle in text) is (op == "in")
        case Const(), Sequence() if (
            op in ("in", "not in") and right.exact and all(isinstance(i, Const) for i in right.items)
        ):
            return any(isinstance(i, Const) and i.value == left.value for i in right.items) is (op == "in")
        case Const(), Mapping() if op in ("in", "not in") and right.exact and left.value.__hash__ is not None:
            return (left.value in right.items) is (op == "in")
        case (Const(value=None), Instance() | Tensor() | Sequence() | Mapping() | Function()) if op in ("==", "!="):
            return op == "!="
    return None


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _as_constant(value: Value) -> Value:
    return Const(value.number) if isinstance(value, SizeValue) and value.number is not None else value


def _is(left: Value, right: Value) -> bool | None:
    match left, right:
        case Const(), Const():
            return left.value is right.value
        case (Const(value=None), other) | (other, Const(value=None)):
            if isinstance(other, Unknown) and is_parameter_of_layer(other):
                return False
            if isinstance(other, (Unknown, Union)):
                if isinstance(other, Union) and not any(isinstance(a, (Unknown, Const)) for a in other.alternatives):
                    return False
                return None
            return False
    return True if left is right and not isinstance(left, Unknown) else None
