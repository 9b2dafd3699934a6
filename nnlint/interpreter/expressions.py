"""Evaluating expressions."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nnlint.interpreter import tensors
from nnlint.interpreter.joins import either, join
from nnlint.interpreter.objects import (
    FALSE,
    NO_PROVENANCE,
    NONE,
    TRUE,
    Arguments,
    Const,
    Frame,
    Function,
    Instance,
    Mapping,
    Method,
    Perhaps,
    Sequence,
    ShapeOf,
    SizeValue,
    SliceValue,
    Tensor,
    Union,
    Unknown,
    Value,
)
from nnlint.interpreter.sizes import Size
from nnlint.reading import script as ir
from nnlint.values import Scale

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


def constant(run: Interpreter, expr: ir.Constant, frame: Frame) -> Value:
    return Const(expr.value)


def name(run: Interpreter, expr: ir.Name, frame: Frame) -> Value:
    return run.lookup(expr.name, frame)


def attribute(run: Interpreter, expr: ir.Attribute, frame: Frame) -> Value:
    return run.attribute(run.evaluate(expr.value, frame), expr.attr, expr, frame)


def subscript(run: Interpreter, expr: ir.Subscript, frame: Frame) -> Value:
    return item(run, run.evaluate(expr.value, frame), run.evaluate(expr.index, frame), expr, frame)


def item(run: Interpreter, value: Value, index: Value, expr: ir.Subscript | None, frame: Frame) -> Value:
    """`value[index]`."""
    match value, index:
        case Union(), _:
            return either([item(run, each, index, expr, frame) for each in value.alternatives])
        case Sequence(), Const(value=int(i)) if value.exact or i in (0, -1):
            if -len(value.items) <= i < len(value.items):
                found = value.items[i]
                return found.value if isinstance(found, Perhaps) else found
            return Unknown()
        case Sequence(), SliceValue():
            return index.of(value)
        case Sequence(), _:
            return _any_of(run, value.items)
        case Mapping(), Const():
            if index.value.__hash__ is not None and index.value in value.items:
                run.name_value(value.items[index.value], str(index.value))
                return value.items[index.value]
            return run.child(value, f"[{index.value!r}]")
        case Mapping(), Union() if all(isinstance(key, Const) for key in index.alternatives):
            return run.join_all([item(run, value, key, expr, frame) for key in index.alternatives])
        case Mapping(), _:
            return _any_of(run, tuple(value.items.values())) if value.items and value.exact else Unknown()
        case Tensor(), _:
            return tensors.index(run, value, index)
        case ShapeOf(), Const(value=int(i)):
            return run.sizes.size_of(value.of, i)
        case Instance(), _:
            return run.get_item(value, index, expr, frame)
        case Unknown(), Const():
            return run.child(value, f"[{index.value!r}]", run.provenance(value))
        case _:
            return Unknown(provenance=run.provenance(value))


def _any_of(run: Interpreter, items: tuple[Value, ...]) -> Value:
    plain = [each.value if isinstance(each, Perhaps) else each for each in items]
    return run.join_all(plain) if plain else Unknown()


def slice_(run: Interpreter, expr: ir.Slice, frame: Frame) -> Value:
    parts = [run.evaluate(part, frame) if part is not None else None for part in (expr.lower, expr.upper, expr.step)]
    return SliceValue(*parts)


def call(run: Interpreter, expr: ir.Call, frame: Frame) -> Value:
    callee = run.evaluate(expr.function, frame)
    result = run.call(callee, arguments(run, expr.arguments, frame), expr, frame)
    if (
        isinstance(callee, Method)
        and isinstance(callee.receiver, Tensor)
        and callee.name.endswith("_")
        and isinstance(result, Tensor)
    ):
        written_to(run, expr.function, result, frame)
    return result


def written_to(run: Interpreter, function: ir.Expr, result: Tensor, frame: Frame) -> None:
    """`x.fill_(0)`: what holds the tensor holds the changed one now."""
    target = function.value if isinstance(function, ir.Attribute) else function
    while isinstance(target, (ir.Subscript, ir.Attribute)) and not (
        isinstance(target, ir.Attribute) and target.attr != "data"
    ):
        target = target.value
    if isinstance(target, (ir.Name, ir.Attribute)):
        run.bind(target, result.but(biased=None), frame)


def arguments(run: Interpreter, written: tuple[ir.Argument, ...], frame: Frame) -> Arguments:
    """Evaluate the arguments of a call, `*args` and `**kwargs` of known content spread out."""
    positional: list[Value] = []
    keywords: dict[str, Value] = {}
    loose = False
    for argument in written:
        value = run.evaluate(argument.value, frame)
        if argument.star == "*":
            if isinstance(value, Sequence):
                positional.extend(value.items)
                loose = loose or not value.exact
            else:
                loose = True
        elif argument.star == "**":
            if isinstance(value, Mapping):
                keywords.update({key: each for key, each in value.items.items() if isinstance(key, str)})
                loose = loose or not value.exact
            else:
                loose = True
        elif argument.keyword is not None:
            keywords[argument.keyword] = value
        else:
            positional.append(value)
    return Arguments(tuple(positional), keywords, loose)


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}


def binary(run: Interpreter, expr: ir.Binary, frame: Frame) -> Value:
    # long chains of one operator nest to the left: walk down in a loop, not by recursion
    spine = [expr]
    while isinstance(spine[-1].left, ir.Binary):
        spine.append(spine[-1].left)
    left = run.evaluate(spine[-1].left, frame)
    for node in reversed(spine):
        left = operate(run, node, left, node.op, run.evaluate(node.right, frame))
    return left


def operate(run: Interpreter, expr: ir.Node, left: Value, op: str, right: Value) -> Value:
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
            return tensors.binary(run, left, op, right)
        case Union(), _ if len(left.alternatives) <= 4:
            return run.join_all([operate(run, expr, each, op, right) for each in left.alternatives])
        case _, Union() if len(right.alternatives) <= 4:
            return run.join_all([operate(run, expr, left, op, each) for each in right.alternatives])
    provenance = run.provenance(left) | run.provenance(right)
    if provenance is not NO_PROVENANCE and (provenance.calls or provenance.batches):
        return Unknown(provenance=provenance)
    size = _size_arithmetic(run, left, op, right)
    return SizeValue(size, run.sizes.number(size)) if size is not None else Unknown()


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
        return Unknown() if truth is None else Const(not truth)
    match value:
        case Const(value=bool()):
            return Unknown()
        case Const(value=int() | float() as number) if expr.op == "-":
            return Const(-number)
        case Tensor():
            return tensors.negate(value) if expr.op == "-" else value.but(scale=Scale.UNKNOWN, biased=None)
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
        else Unknown()
    )


def compare(run: Interpreter, expr: ir.Compare, frame: Frame) -> Value:
    left = run.evaluate(expr.left, frame)
    result: Value = TRUE
    for op, comparator in zip(expr.ops, expr.comparators, strict=True):
        right = run.evaluate(comparator, frame)
        verdict = compared(run, left, op, right)
        if verdict is None:
            provenance = run.provenance(left) | run.provenance(right)
            run.used(left)
            run.used(right)
            if isinstance(left, Tensor) or isinstance(right, Tensor):
                return Tensor(provenance=provenance.detached())
            result = Unknown(provenance=provenance.detached())
        elif not verdict:
            return FALSE
        left = right
    return result


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


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


def _as_constant(value: Value) -> Value:
    return Const(value.number) if isinstance(value, SizeValue) and value.number is not None else value


def _is(left: Value, right: Value) -> bool | None:
    match left, right:
        case Const(), Const():
            return left.value is right.value
        case (Const(value=None), other) | (other, Const(value=None)):
            if isinstance(other, (Unknown, Union)):
                if isinstance(other, Union) and not any(isinstance(a, (Unknown, Const)) for a in other.alternatives):
                    return False
                return None
            return False
    return True if left is right and not isinstance(left, Unknown) else None


def conditional(run: Interpreter, expr: ir.Conditional, frame: Frame) -> Value:
    truth = run.truth(run.evaluate(expr.test, frame))
    run.conditions.append(run.place(frame, expr))
    try:
        if truth is not None:
            return run.evaluate(expr.body if truth else expr.orelse, frame)
        return run.fork([lambda: run.evaluate(expr.body, frame), lambda: run.evaluate(expr.orelse, frame)])
    finally:
        run.conditions.pop()


def _elements(run: Interpreter, written: tuple[ir.Expr, ...], frame: Frame) -> tuple[tuple[Value, ...], bool]:
    values: list[Value] = []
    exact = True
    for element in written:
        if isinstance(element, ir.Starred):
            spread = run.evaluate(element.value, frame)
            known, items = run.elements(spread)
            values.extend(items)
            exact = exact and known
        else:
            values.append(run.evaluate(element, frame))
    return tuple(values), exact


def display(kind: str) -> Callable[[Interpreter, Any, Frame], Value]:
    def evaluate(run: Interpreter, expr: ir.TupleDisplay | ir.ListDisplay | ir.SetDisplay, frame: Frame) -> Value:
        return Sequence(kind, *_elements(run, expr.elements, frame))

    return evaluate


def dictionary(run: Interpreter, expr: ir.DictDisplay, frame: Frame) -> Value:
    items: dict[object, Value] = {}
    others = False
    for key_expr, value_expr in expr.items:
        value = run.evaluate(value_expr, frame)
        key = run.evaluate(key_expr, frame) if key_expr is not None else None
        match key, value:
            case None, Mapping():
                items.update(value.items)
                others = others or not value.exact
            case Const(value=constant_key), _ if constant_key.__hash__ is not None:
                items[constant_key] = value
            case _:
                others = True
    return Mapping(items, others)


def lambda_(run: Interpreter, expr: ir.Lambda, frame: Frame) -> Value:
    return run.make_function(expr, expr.parameters, frame)


def comprehension(run: Interpreter, expr: ir.Comprehension, frame: Frame) -> Value:
    items: list[Value] = []
    pairs: dict[object, Value] = {}
    exact = True

    def collect(clauses: tuple[ir.Clause, ...]) -> None:
        nonlocal exact
        if not clauses:
            element = run.evaluate(expr.element, frame)
            if expr.value is None:
                items.append(element)
            else:
                value = run.evaluate(expr.value, frame)
                if isinstance(element, Const) and element.value.__hash__ is not None:
                    pairs[element.value] = value
                else:
                    exact = False
            return
        clause = clauses[0]
        known, elements = run.iterate(run.evaluate(clause.iterable, frame), clause.iterable, frame)
        exact = exact and known
        for element in elements:
            run.bind(clause.target, element.value if isinstance(element, Perhaps) else element, frame)
            truths = [run.truth(run.evaluate(condition, frame)) for condition in clause.conditions]
            if isinstance(element, Perhaps) or None in truths:
                exact = False
            if False not in truths:
                collect(clauses[1:])

    collect(expr.clauses)
    if expr.kind == "dict":
        return Mapping(pairs, others=not exact)
    return Sequence("list" if expr.kind == "generator" else expr.kind, tuple(items), exact)


def formatted(run: Interpreter, expr: ir.Formatted, frame: Frame) -> Value:
    values = [run.evaluate(value, frame) for value in expr.values]
    for value in values:
        run.used(value)
    if expr.texts and all(isinstance(value, Const) for value in values):
        parts = [str(value.value) for value in values if isinstance(value, Const)]
        return Const("".join(text + part for text, part in zip(expr.texts, [*parts, ""], strict=True)))
    return Unknown()


def await_(run: Interpreter, expr: ir.Await, frame: Frame) -> Value:
    return run.evaluate(expr.value, frame)


def yield_(run: Interpreter, expr: ir.Yield, frame: Frame) -> Value:
    value = run.evaluate(expr.value, frame) if expr.value is not None else NONE
    if frame.on_yield is not None:
        return frame.on_yield(value)
    if expr.is_from:
        frame.yields.extend(run.iterate(value, expr, frame)[1])
    else:
        frame.yields.append(value)
    return Unknown()


def walrus(run: Interpreter, expr: ir.Walrus, frame: Frame) -> Value:
    value = run.evaluate(expr.value, frame)
    run.bind(expr.target, value, frame)
    return value


def starred(run: Interpreter, expr: ir.Starred, frame: Frame) -> Value:
    return run.evaluate(expr.value, frame)


EVALUATE: dict[type[ir.Expr], Callable[[Any, Any, Frame], Value]] = {
    ir.Constant: constant,
    ir.Name: name,
    ir.Attribute: attribute,
    ir.Subscript: subscript,
    ir.Slice: slice_,
    ir.Call: call,
    ir.Binary: binary,
    ir.Unary: unary,
    ir.Boolean: boolean,
    ir.Compare: compare,
    ir.Conditional: conditional,
    ir.Starred: starred,
    ir.TupleDisplay: display("tuple"),
    ir.ListDisplay: display("list"),
    ir.SetDisplay: display("set"),
    ir.DictDisplay: dictionary,
    ir.Lambda: lambda_,
    ir.Comprehension: comprehension,
    ir.Formatted: formatted,
    ir.Await: await_,
    ir.Yield: yield_,
    ir.Walrus: walrus,
}
