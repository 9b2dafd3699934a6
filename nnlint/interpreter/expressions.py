"""Evaluating expressions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nnlint.interpreter import biases, forwarding, operators, reuse, samples, subscripts
from nnlint.interpreter.objects import (
    NONE,
    Arguments,
    Const,
    Frame,
    Mapping,
    Method,
    Perhaps,
    Sequence,
    SizeValue,
    Tensor,
    Unknown,
    Value,
)
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


def constant(run: Interpreter, expr: ir.Constant, frame: Frame) -> Value:
    return Const(expr.value)


def name(run: Interpreter, expr: ir.Name, frame: Frame) -> Value:
    return run.lookup(expr.name, frame)


def attribute(run: Interpreter, expr: ir.Attribute, frame: Frame) -> Value:
    if (bias := biases.of_layer(expr.value)) is not None:
        run.chains.biases.read(run, bias, frame)
    return run.attribute(run.evaluate(expr.value, frame), expr.attr, expr, frame)


def call(run: Interpreter, expr: ir.Call, frame: Frame) -> Value:
    callee = run.evaluate(expr.function, frame)
    run.selection.called(callee)
    run.clipping.called(callee)
    forwarding.called(run, callee, expr, frame)
    for argument in expr.arguments:
        if (bias := biases.of_layer(argument.value)) is not None:
            run.chains.biases.read(run, bias, frame)
    result = run.call(callee, arguments(run, expr.arguments, frame), expr, frame)
    if (
        isinstance(callee, Method)
        and isinstance(callee.receiver, Tensor)
        and callee.name.endswith("_")
        and isinstance(result, Tensor)
    ):
        target = expr.function.value if isinstance(expr.function, ir.Attribute) else expr.function
        written_to(run, target, result, frame)
    return result


def written_to(run: Interpreter, target: ir.Expr, result: Tensor, frame: Frame) -> None:
    """`x.fill_(0)`, where `target` is `x`: what holds the tensor holds the changed one now.

    What is written into `x.data` or a part of `x` leaves the graph of `x` as it is.
    """
    whole = target
    while isinstance(target, ir.Subscript) or (isinstance(target, ir.Attribute) and target.attr == "data"):
        target = target.value
    if isinstance(target, (ir.Name, ir.Attribute)):
        if target is not whole:
            result = result.but(provenance=result.provenance | run.provenance(run.evaluate(target, frame)))
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


def conditional(run: Interpreter, expr: ir.Conditional, frame: Frame) -> Value:
    test = run.evaluate(expr.test, frame)
    truth = run.truth(test)
    if truth is None and _counts_directions(expr) and (directions := run.sizes.directions(test)) is not None:
        return SizeValue(directions)
    run.conditions.append(run.place(frame, expr))
    run.tests.append(expr.test)
    try:
        if truth is not None:
            return run.evaluate(expr.body if truth else expr.orelse, frame)
        return run.fork([lambda: run.evaluate(expr.body, frame), lambda: run.evaluate(expr.orelse, frame)])
    finally:
        run.conditions.pop()
        run.tests.pop()


def _counts_directions(expr: ir.Conditional) -> bool:
    """`2 if bidirectional else 1`."""
    match expr.body, expr.orelse:
        case ir.Constant(value=2), ir.Constant(value=1):
            return True
    return False


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
                reuse.listed(run, expr, element, frame)
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
    return samples.made_of(run, values, Unknown())


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
    ir.Subscript: subscripts.subscript,
    ir.Slice: subscripts.slice_,
    ir.Call: call,
    ir.Binary: operators.binary,
    ir.Unary: operators.unary,
    ir.Boolean: operators.boolean,
    ir.Compare: operators.compare,
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
