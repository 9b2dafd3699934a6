"""From libcst's tree to a `Script`: one hand-written walk, no visitors and no metadata.

libcst's visitors call two methods for every comma and every space; a table from node type to function only goes where
meaning is, and costs a few per cent of the parse. Statements are lowered here, expressions in expressions.py, `match`
patterns in patterns.py. The walk numbers the nodes that it yields; the list of libcst nodes, by number, is all that
`locate` needs to find them in the text again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import libcst as cst

from nnlint.reading import script as ir
from nnlint.reading.expressions import BINARY_OPERATORS, Lowering, argument, identifier, parameters
from nnlint.reading.nesting import TOO_DEEP
from nnlint.reading.patterns import pattern
from nnlint.source import Unreadable


def lower(module: cst.Module, path: str) -> tuple[ir.Script, list[cst.CSTNode]]:
    """The Script of a parsed module, and the libcst node of each `id` in it (for positions only).

    Raises `Unreadable` when the nesting exceeds what the interpreter's stack can walk.
    """
    walk = Lowering(path)
    try:
        body = _statements(walk, module.body)
    except RecursionError:
        raise Unreadable(path, TOO_DEEP) from None
    return ir.Script(path, body), walk.nodes


def _block(walk: Lowering, suite: Any) -> ir.Block:
    """`: x = 1; y = 2` (a suite of small statements) and an indented block alike; an Else or a Finally for its body."""
    if suite is None:
        return ()
    if isinstance(suite, (cst.Else, cst.Finally)):
        suite = suite.body
    if isinstance(suite, cst.SimpleStatementSuite):
        return tuple(_small_statements(walk, suite.body))
    return _statements(walk, suite.body)


def _statements(walk: Lowering, body: Sequence[cst.BaseStatement]) -> ir.Block:
    lowered: list[ir.Stmt] = []
    for statement in body:
        if type(statement) is cst.SimpleStatementLine:
            lowered.extend(_small_statements(walk, statement.body))
        else:
            lowered.append(_handler(walk, statement)(walk, statement))
    return tuple(lowered)


def _small_statements(walk: Lowering, body: Sequence[cst.BaseSmallStatement]) -> Iterator[ir.Stmt]:
    return (_handler(walk, statement)(walk, statement) for statement in body)


def _handler(walk: Lowering, node: cst.CSTNode) -> Callable[[Lowering, Any], ir.Stmt]:
    try:
        return STATEMENTS[type(node)]
    except KeyError:
        raise walk.unknown(node) from None


# --- small statements ------------------------------------------------------------------------------------------


def _expression(walk: Lowering, node: cst.Expr) -> ir.Stmt:
    return ir.ExprStatement(walk.number(node), walk.expression(node.value))


def _assign(walk: Lowering, node: cst.Assign) -> ir.Stmt:
    number = walk.number(node)
    targets = tuple([walk.expression(target.target) for target in node.targets])
    return ir.Assign(number, targets, walk.expression(node.value))


def _augmented(walk: Lowering, node: cst.AugAssign) -> ir.Stmt:
    number = walk.number(node)
    target = walk.expression(node.target)
    return ir.AugmentedAssign(number, target, AUGMENTED_OPERATORS[type(node.operator)], walk.expression(node.value))


def _annotated(walk: Lowering, node: cst.AnnAssign) -> ir.Stmt:
    number = walk.number(node)
    target = walk.expression(node.target)
    annotation = walk.expression(node.annotation.annotation)
    return ir.AnnotatedAssign(number, target, annotation, walk.optional(node.value))


def _return(walk: Lowering, node: cst.Return) -> ir.Stmt:
    return ir.Return(walk.number(node), walk.optional(node.value))


def _raise(walk: Lowering, node: cst.Raise) -> ir.Stmt:
    return ir.Raise(walk.number(node), walk.optional(node.exc))


def _assert(walk: Lowering, node: cst.Assert) -> ir.Stmt:
    return ir.Assert(walk.number(node), walk.expression(node.test))


def _delete(walk: Lowering, node: cst.Del) -> ir.Stmt:
    number = walk.number(node)
    target = node.target
    if isinstance(target, cst.Tuple) and not target.lpar:  # `del a, b` is two targets, `del (a, b)` one
        return ir.Delete(number, walk.elements(target.elements))
    return ir.Delete(number, (walk.expression(target),))


def _pass(walk: Lowering, node: cst.Pass) -> ir.Stmt:
    """`pass`, and what means nothing to a training run: `type Pair = tuple[int, int]`."""
    return ir.Pass(walk.number(node))


def _break(walk: Lowering, node: cst.Break) -> ir.Stmt:
    return ir.Break(walk.number(node))


def _continue(walk: Lowering, node: cst.Continue) -> ir.Stmt:
    return ir.Continue(walk.number(node))


def _global(walk: Lowering, node: cst.Global) -> ir.Stmt:
    return ir.Global(walk.number(node), tuple([identifier(item.name.value) for item in node.names]))


def _nonlocal(walk: Lowering, node: cst.Nonlocal) -> ir.Stmt:
    return ir.Nonlocal(walk.number(node), tuple([identifier(item.name.value) for item in node.names]))


def _import(walk: Lowering, node: cst.Import) -> ir.Stmt:
    return ir.Import(walk.number(node), _imported(node.names))


def _import_from(walk: Lowering, node: cst.ImportFrom) -> ir.Stmt:
    names = (("*", None),) if isinstance(node.names, cst.ImportStar) else _imported(node.names)
    module = "" if node.module is None else _dotted(node.module)
    return ir.ImportFrom(walk.number(node), module, len(node.relative), names)


def _imported(aliases: Sequence[cst.ImportAlias]) -> tuple[tuple[str, str | None], ...]:
    return tuple([(_dotted(alias.name), _as_name(alias.asname)) for alias in aliases])


def _dotted(name: cst.Name | cst.Attribute) -> str:
    parts: list[str] = []
    node: cst.BaseExpression = name
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    assert isinstance(node, cst.Name)
    return identifier(".".join([node.value, *reversed(parts)]))


def _as_name(asname: cst.AsName | None) -> str | None:
    """The name behind `as`, where the grammar allows nothing but a name (imports, except)."""
    return identifier(asname.name.value) if asname is not None and isinstance(asname.name, cst.Name) else None


# --- compound statements ---------------------------------------------------------------------------------------


def _if(walk: Lowering, node: cst.If) -> ir.Stmt:
    """Dispatchers of hundreds of `elif` are written by hand: the chain is followed in a loop."""
    chain: list[tuple[int, ir.Expr, ir.Block]] = []
    rest: cst.If | cst.Else | None = node
    while isinstance(rest, cst.If):
        chain.append((walk.number(rest), walk.expression(rest.test), _block(walk, rest.body)))
        rest = rest.orelse
    orelse = _block(walk, rest)
    for number, test, body in reversed(chain):
        orelse = (ir.If(number, test, body, orelse),)
    (lowered,) = orelse
    return lowered


def _while(walk: Lowering, node: cst.While) -> ir.Stmt:
    number = walk.number(node)
    test = walk.expression(node.test)
    return ir.While(number, test, _block(walk, node.body), _block(walk, node.orelse))


def _for(walk: Lowering, node: cst.For) -> ir.Stmt:
    number = walk.number(node)
    target = walk.expression(node.target)
    iterable = walk.expression(node.iter)
    return ir.For(number, target, iterable, _block(walk, node.body), _block(walk, node.orelse))


def _with(walk: Lowering, node: cst.With) -> ir.Stmt:
    number = walk.number(node)
    items = tuple(
        [
            (walk.expression(item.item), None if item.asname is None else walk.expression(item.asname.name))
            for item in node.items
        ]
    )
    return ir.With(number, items, _block(walk, node.body))


def _try(walk: Lowering, node: cst.Try | cst.TryStar) -> ir.Stmt:
    number = walk.number(node)
    body = _block(walk, node.body)
    handlers = tuple(
        [
            ir.Handler(walk.optional(handler.type), _as_name(handler.name), _block(walk, handler.body))
            for handler in node.handlers
        ]
    )
    return ir.Try(number, body, handlers, _block(walk, node.orelse), _block(walk, node.finalbody))


def _match(walk: Lowering, node: cst.Match) -> ir.Stmt:
    number = walk.number(node)
    subject = walk.expression(node.subject)
    cases: list[ir.Case] = []
    for case in node.cases:
        values, names = pattern(walk, case.pattern)
        cases.append(ir.Case(values, names, walk.optional(case.guard), _block(walk, case.body)))
    return ir.Match(number, subject, tuple(cases))


def _function(walk: Lowering, node: cst.FunctionDef) -> ir.Stmt:
    """Decorators, defaults and annotations are evaluated outside: a yield among them is not the function's own."""
    number = walk.number(node)
    decorators = tuple([walk.expression(decorator.decorator) for decorator in node.decorators])
    accepted = parameters(walk, node.params)
    returns = None if node.returns is None else walk.expression(node.returns.annotation)
    outer_yields, walk.yields = walk.yields, False
    body = _block(walk, node.body)
    is_generator, walk.yields = walk.yields, outer_yields
    is_async = node.asynchronous is not None
    return ir.FunctionDef(
        number, identifier(node.name.value), accepted, body, decorators, returns, is_async, is_generator
    )


def _class(walk: Lowering, node: cst.ClassDef) -> ir.Stmt:
    number = walk.number(node)
    decorators = tuple([walk.expression(decorator.decorator) for decorator in node.decorators])
    arguments = tuple([argument(walk, each) for each in (*node.bases, *node.keywords)])
    return ir.ClassDef(number, identifier(node.name.value), arguments, _block(walk, node.body), decorators)


STATEMENTS: dict[type[cst.CSTNode], Callable[[Lowering, Any], ir.Stmt]] = {
    cst.AnnAssign: _annotated,
    cst.Assert: _assert,
    cst.Assign: _assign,
    cst.AugAssign: _augmented,
    cst.Break: _break,
    cst.ClassDef: _class,
    cst.Continue: _continue,
    cst.Del: _delete,
    cst.Expr: _expression,
    cst.For: _for,
    cst.FunctionDef: _function,
    cst.Global: _global,
    cst.If: _if,
    cst.Import: _import,
    cst.ImportFrom: _import_from,
    cst.Match: _match,
    cst.Nonlocal: _nonlocal,
    cst.Pass: _pass,
    cst.Raise: _raise,
    cst.Return: _return,
    cst.Try: _try,
    cst.TryStar: _try,
    cst.TypeAlias: _pass,
    cst.While: _while,
    cst.With: _with,
}

AUGMENTED_OPERATORS: dict[type[cst.CSTNode], str] = {
    getattr(cst, f"{operator.__name__}Assign"): text for operator, text in BINARY_OPERATORS.items()
}
