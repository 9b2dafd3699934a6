"""A libcst tree as the tree that Python's own parser makes of the same text.

For files that this Python can not parse, and for fixes: lower.py knows `ast` alone, so that there is one way to a
Script. Left off is what it does not ask for: places, `ctx`, the type parameters of PEP 695.

Statements are translated here, expressions in translated_expressions.py, patterns in translated_patterns.py.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import libcst as cst

from nnlint.reading.nesting import TOO_DEEP
from nnlint.reading.translated_expressions import BINARY_OPERATORS, Translation, arguments, identifier, parameters
from nnlint.reading.translated_patterns import pattern
from nnlint.source import Unreadable


def translated(module: cst.Module, path: str) -> tuple[ast.Module, dict[ast.AST, cst.CSTNode]]:
    """The tree of a module, and the libcst node that each of its nodes stands for. Raises `Unreadable`."""
    translation = Translation(path)
    try:
        body = _statements(translation, module.body)
    except RecursionError:
        raise Unreadable(path, TOO_DEEP) from None
    return ast.Module(body, []), translation.origins


def _block(walk: Translation, suite: Any) -> list[ast.stmt]:
    """`: x = 1; y = 2` (a suite of small statements) and an indented block alike; an Else or a Finally for its body."""
    if suite is None:
        return []
    if isinstance(suite, (cst.Else, cst.Finally)):
        suite = suite.body
    if isinstance(suite, cst.SimpleStatementSuite):
        return [_statement(walk, statement) for statement in suite.body]
    return _statements(walk, suite.body)


def _statements(walk: Translation, body: Iterable[cst.BaseStatement]) -> list[ast.stmt]:
    statements: list[ast.stmt] = []
    for statement in body:
        if isinstance(statement, cst.SimpleStatementLine):
            statements += [_statement(walk, each) for each in statement.body]
        else:
            statements.append(_statement(walk, statement))
    return statements


def _statement(walk: Translation, node: cst.CSTNode) -> ast.stmt:
    try:
        translate = STATEMENTS[type(node)]
    except KeyError:
        raise walk.unknown(node) from None
    return walk.stands_for(translate(walk, node), node)


# --- small statements ------------------------------------------------------------------------------------------


def _expression(walk: Translation, node: cst.Expr) -> ast.stmt:
    return ast.Expr(walk.expression(node.value))


def _assign(walk: Translation, node: cst.Assign) -> ast.stmt:
    return ast.Assign([walk.expression(target.target) for target in node.targets], walk.expression(node.value))


def _augmented(walk: Translation, node: cst.AugAssign) -> ast.stmt:
    target: Any = walk.expression(node.target)
    return ast.AugAssign(target, AUGMENTED_OPERATORS[type(node.operator)](), walk.expression(node.value))


def _annotated(walk: Translation, node: cst.AnnAssign) -> ast.stmt:
    target: Any = walk.expression(node.target)
    simple = int(isinstance(node.target, cst.Name))
    return ast.AnnAssign(target, walk.expression(node.annotation.annotation), walk.optional(node.value), simple)


def _return(walk: Translation, node: cst.Return) -> ast.stmt:
    return ast.Return(walk.optional(node.value))


def _raise(walk: Translation, node: cst.Raise) -> ast.stmt:
    cause = node.cause.item if node.cause is not None else None
    return ast.Raise(walk.optional(node.exc), walk.optional(cause))


def _assert(walk: Translation, node: cst.Assert) -> ast.stmt:
    return ast.Assert(walk.expression(node.test), walk.optional(node.msg))


def _delete(walk: Translation, node: cst.Del) -> ast.stmt:
    target = node.target
    if isinstance(target, cst.Tuple) and not target.lpar:  # `del a, b` is two targets, `del (a, b)` one
        return ast.Delete(walk.elements(target.elements))
    return ast.Delete([walk.expression(target)])


def _pass(walk: Translation, node: cst.Pass | cst.TypeAlias) -> ast.stmt:
    """A type alias, which this Python may not know, means as much as `pass`."""
    return ast.Pass()


def _break(walk: Translation, node: cst.Break) -> ast.stmt:
    return ast.Break()


def _continue(walk: Translation, node: cst.Continue) -> ast.stmt:
    return ast.Continue()


def _global(walk: Translation, node: cst.Global) -> ast.stmt:
    return ast.Global([identifier(item.name.value) for item in node.names])


def _nonlocal(walk: Translation, node: cst.Nonlocal) -> ast.stmt:
    return ast.Nonlocal([identifier(item.name.value) for item in node.names])


def _import(walk: Translation, node: cst.Import) -> ast.stmt:
    return ast.Import(_imported(node.names))


def _import_from(walk: Translation, node: cst.ImportFrom) -> ast.stmt:
    names = [ast.alias("*")] if isinstance(node.names, cst.ImportStar) else _imported(node.names)
    return ast.ImportFrom(None if node.module is None else _dotted(node.module), names, len(node.relative))


def _imported(aliases: Sequence[cst.ImportAlias]) -> list[ast.alias]:
    return [ast.alias(_dotted(alias.name), _as_name(alias.asname)) for alias in aliases]


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


def _if(walk: Translation, node: cst.If) -> ast.stmt:
    """Dispatchers of hundreds of `elif` are written by hand: the chain is followed in a loop."""
    chain: list[tuple[cst.If, ast.If]] = []
    rest: cst.If | cst.Else | None = node
    while isinstance(rest, cst.If):
        chain.append((rest, ast.If(walk.expression(rest.test), _block(walk, rest.body), [])))
        rest = rest.orelse
    orelse = _block(walk, rest)
    for each, branch in reversed(chain):
        branch.orelse = orelse
        orelse = [walk.stands_for(branch, each)]
    return orelse[0]


def _while(walk: Translation, node: cst.While) -> ast.stmt:
    return ast.While(walk.expression(node.test), _block(walk, node.body), _block(walk, node.orelse))


def _for(walk: Translation, node: cst.For) -> ast.stmt:
    kind = ast.For if node.asynchronous is None else ast.AsyncFor
    target, iterable = walk.expression(node.target), walk.expression(node.iter)
    return kind(target, iterable, _block(walk, node.body), _block(walk, node.orelse))


def _with(walk: Translation, node: cst.With) -> ast.stmt:
    kind = ast.With if node.asynchronous is None else ast.AsyncWith
    items = [
        ast.withitem(walk.expression(each.item), None if each.asname is None else walk.expression(each.asname.name))
        for each in node.items
    ]
    return kind(items, _block(walk, node.body))


def _try(walk: Translation, node: cst.Try | cst.TryStar) -> ast.stmt:
    """`except*`, which this Python may not know, means as much as `except`."""
    handlers = [
        ast.ExceptHandler(walk.optional(each.type), _as_name(each.name), _block(walk, each.body))
        for each in node.handlers
    ]
    return ast.Try(_block(walk, node.body), handlers, _block(walk, node.orelse), _block(walk, node.finalbody))


def _match(walk: Translation, node: cst.Match) -> ast.stmt:
    cases = [
        ast.match_case(pattern(walk, each.pattern), walk.optional(each.guard), _block(walk, each.body))
        for each in node.cases
    ]
    return ast.Match(walk.expression(node.subject), cases)


def _function(walk: Translation, node: cst.FunctionDef) -> ast.stmt:
    kind = ast.FunctionDef if node.asynchronous is None else ast.AsyncFunctionDef
    return kind(
        name=identifier(node.name.value),
        args=parameters(walk, node.params),
        body=_block(walk, node.body),
        decorator_list=[walk.expression(each.decorator) for each in node.decorators],
        returns=None if node.returns is None else walk.expression(node.returns.annotation),
    )


def _class(walk: Translation, node: cst.ClassDef) -> ast.stmt:
    bases, keywords = arguments(walk, [*node.bases, *node.keywords])
    return ast.ClassDef(
        name=identifier(node.name.value),
        bases=bases,
        keywords=keywords,
        body=_block(walk, node.body),
        decorator_list=[walk.expression(each.decorator) for each in node.decorators],
    )


STATEMENTS: dict[type[cst.CSTNode], Callable[[Translation, Any], ast.stmt]] = {
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

AUGMENTED_OPERATORS: dict[type[cst.CSTNode], type[ast.operator]] = {
    getattr(cst, f"{operator.__name__}Assign"): translated for operator, translated in BINARY_OPERATORS.items()
}
