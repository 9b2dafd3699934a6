"""From a tree of Python's `ast` to a `Script`: one hand-written walk, and the only one.

The tree is Python's own where this Python can parse the file, and else libcst's, translated (translation.py), so that
both say the same of a file, in one order. Statements are lowered here, expressions in expressions.py, `match` patterns
in patterns.py. The walk numbers the nodes that it yields; the list of tree nodes, by number, is all that `locate` needs
to find them in the text again.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import Any

from nnlint.reading import script as ir
from nnlint.reading.expressions import BINARY_OPERATORS, Lowering, arguments, parameters
from nnlint.reading.nesting import TOO_DEEP
from nnlint.reading.patterns import pattern
from nnlint.source import Unreadable


def lower(tree: ast.Module, path: str) -> tuple[ir.Script, list[ast.AST]]:
    """The Script of a parsed file, and the node of each `id` in it (for positions only).

    Raises `Unreadable` when the nesting exceeds what the interpreter's stack can walk, and for syntax that is too new.
    """
    walk = Lowering()
    try:
        body = _block(walk, tree.body)
    except RecursionError:
        raise Unreadable(path, TOO_DEEP) from None
    except KeyError as error:  # of a table, below
        raise Unreadable(path, f"uses syntax that nnlint does not know ({error.args[0].__name__})") from None
    return ir.Script(path, body), walk.nodes


def _block(walk: Lowering, body: Iterable[ast.stmt]) -> ir.Block:
    return tuple([STATEMENTS[type(statement)](walk, statement) for statement in body])


# --- small statements ------------------------------------------------------------------------------------------


def _expression(walk: Lowering, node: ast.Expr) -> ir.Stmt:
    return ir.ExprStatement(walk.number(node), walk.expression(node.value))


def _assign(walk: Lowering, node: ast.Assign) -> ir.Stmt:
    number = walk.number(node)
    targets = walk.expressions(node.targets)
    return ir.Assign(number, targets, walk.expression(node.value))


def _augmented(walk: Lowering, node: ast.AugAssign) -> ir.Stmt:
    number = walk.number(node)
    target = walk.expression(node.target)
    return ir.AugmentedAssign(number, target, BINARY_OPERATORS[type(node.op)], walk.expression(node.value))


def _annotated(walk: Lowering, node: ast.AnnAssign) -> ir.Stmt:
    number = walk.number(node)
    target = walk.expression(node.target)
    annotation = walk.expression(node.annotation)
    return ir.AnnotatedAssign(number, target, annotation, walk.optional(node.value))


def _return(walk: Lowering, node: ast.Return) -> ir.Stmt:
    return ir.Return(walk.number(node), walk.optional(node.value))


def _raise(walk: Lowering, node: ast.Raise) -> ir.Stmt:
    return ir.Raise(walk.number(node), walk.optional(node.exc))


def _assert(walk: Lowering, node: ast.Assert) -> ir.Stmt:
    return ir.Assert(walk.number(node), walk.expression(node.test))


def _delete(walk: Lowering, node: ast.Delete) -> ir.Stmt:
    return ir.Delete(walk.number(node), walk.expressions(node.targets))


def _pass(walk: Lowering, node: ast.stmt) -> ir.Stmt:
    """`pass`, and what means nothing to a training run: `type Pair = tuple[int, int]`."""
    return ir.Pass(walk.number(node))


def _break(walk: Lowering, node: ast.Break) -> ir.Stmt:
    return ir.Break(walk.number(node))


def _continue(walk: Lowering, node: ast.Continue) -> ir.Stmt:
    return ir.Continue(walk.number(node))


def _global(walk: Lowering, node: ast.Global) -> ir.Stmt:
    return ir.Global(walk.number(node), tuple(node.names))


def _nonlocal(walk: Lowering, node: ast.Nonlocal) -> ir.Stmt:
    return ir.Nonlocal(walk.number(node), tuple(node.names))


def _import(walk: Lowering, node: ast.Import) -> ir.Stmt:
    return ir.Import(walk.number(node), _imported(node.names))


def _import_from(walk: Lowering, node: ast.ImportFrom) -> ir.Stmt:
    return ir.ImportFrom(walk.number(node), node.module or "", node.level, _imported(node.names))


def _imported(aliases: Iterable[ast.alias]) -> tuple[tuple[str, str | None], ...]:
    return tuple([(alias.name, alias.asname) for alias in aliases])


# --- compound statements ---------------------------------------------------------------------------------------


def _if(walk: Lowering, node: ast.If) -> ir.Stmt:
    """Dispatchers of hundreds of `elif` are written by hand: the chain is followed in a loop."""
    chain: list[tuple[int, ir.Expr, ir.Block]] = []
    rest: list[ast.stmt] = [node]
    while len(rest) == 1 and isinstance(branch := rest[0], ast.If):
        chain.append((walk.number(branch), walk.expression(branch.test), _block(walk, branch.body)))
        rest = branch.orelse
    orelse = _block(walk, rest)
    for number, test, body in reversed(chain):
        orelse = (ir.If(number, test, body, orelse),)
    (lowered,) = orelse
    return lowered


def _while(walk: Lowering, node: ast.While) -> ir.Stmt:
    number = walk.number(node)
    test = walk.expression(node.test)
    return ir.While(number, test, _block(walk, node.body), _block(walk, node.orelse))


def _for(walk: Lowering, node: ast.For | ast.AsyncFor) -> ir.Stmt:
    number = walk.number(node)
    target = walk.expression(node.target)
    iterable = walk.expression(node.iter)
    return ir.For(number, target, iterable, _block(walk, node.body), _block(walk, node.orelse))


def _with(walk: Lowering, node: ast.With | ast.AsyncWith) -> ir.Stmt:
    number = walk.number(node)
    items = tuple([(walk.expression(item.context_expr), walk.optional(item.optional_vars)) for item in node.items])
    return ir.With(number, items, _block(walk, node.body))


def _try(walk: Lowering, node: ast.Try) -> ir.Stmt:
    number = walk.number(node)
    body = _block(walk, node.body)
    handlers = tuple(
        [ir.Handler(walk.optional(handler.type), handler.name, _block(walk, handler.body)) for handler in node.handlers]
    )
    return ir.Try(number, body, handlers, _block(walk, node.orelse), _block(walk, node.finalbody))


def _match(walk: Lowering, node: ast.Match) -> ir.Stmt:
    number = walk.number(node)
    subject = walk.expression(node.subject)
    cases: list[ir.Case] = []
    for case in node.cases:
        values, names = pattern(walk, case.pattern)
        cases.append(ir.Case(values, names, walk.optional(case.guard), _block(walk, case.body)))
    return ir.Match(number, subject, tuple(cases))


def _function(walk: Lowering, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ir.Stmt:
    """Decorators, defaults and annotations are evaluated outside: a yield among them is not the function's own."""
    number = walk.number(node)
    decorators = walk.expressions(node.decorator_list)
    accepted = parameters(walk, node.args)
    returns = walk.optional(node.returns)
    outer_yields, walk.yields = walk.yields, False
    body = _block(walk, node.body)
    is_generator, walk.yields = walk.yields, outer_yields
    is_async = isinstance(node, ast.AsyncFunctionDef)
    return ir.FunctionDef(number, node.name, accepted, body, decorators, returns, is_async, is_generator)


def _class(walk: Lowering, node: ast.ClassDef) -> ir.Stmt:
    number = walk.number(node)
    decorators = walk.expressions(node.decorator_list)
    given = arguments(walk, node.bases, node.keywords)
    return ir.ClassDef(number, node.name, given, _block(walk, node.body), decorators)


STATEMENTS: dict[type[ast.AST], Callable[[Lowering, Any], ir.Stmt]] = {
    ast.AnnAssign: _annotated,
    ast.Assert: _assert,
    ast.Assign: _assign,
    ast.AsyncFor: _for,
    ast.AsyncFunctionDef: _function,
    ast.AsyncWith: _with,
    ast.AugAssign: _augmented,
    ast.Break: _break,
    ast.ClassDef: _class,
    ast.Continue: _continue,
    ast.Delete: _delete,
    ast.Expr: _expression,
    ast.For: _for,
    ast.FunctionDef: _function,
    ast.Global: _global,
    ast.If: _if,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Match: _match,
    ast.Nonlocal: _nonlocal,
    ast.Pass: _pass,
    ast.Raise: _raise,
    ast.Return: _return,
    ast.Try: _try,
    getattr(ast, "TryStar", ast.Try): _try,  # Python 3.11
    getattr(ast, "TypeAlias", ast.Pass): _pass,  # Python 3.12
    ast.While: _while,
    ast.With: _with,
}
