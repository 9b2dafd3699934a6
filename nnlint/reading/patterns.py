"""The patterns of `match`: the values a case compares with, and the names it binds."""

from __future__ import annotations

import ast

from nnlint.reading import script as ir
from nnlint.reading.expressions import Lowering


def pattern(walk: Lowering, node: ast.pattern) -> tuple[tuple[ir.Expr, ...], tuple[str, ...]]:
    """Given `case "sgd" | "adam" as kind`: the values `"sgd"` and `"adam"`, the name `kind`.

    A pattern that looks into its subject (a sequence, a mapping, a class) has no values, and neither has `|` when one
    side of it is such a pattern: what the case would compare with is not known then.
    """
    return _values(walk, node) or (), tuple(_names(node))


def _values(walk: Lowering, node: ast.pattern) -> tuple[ir.Expr, ...] | None:
    match node:
        case ast.MatchValue(value=value):
            return (walk.expression(value),)
        case ast.MatchSingleton(value=constant):
            return (ir.Constant(walk.number(node), constant),)
        case ast.MatchAs(pattern=ast.pattern() as inner):
            return _values(walk, inner)
        case ast.MatchOr(patterns=alternatives):
            values: list[ir.Expr] = []
            for alternative in alternatives:
                found = _values(walk, alternative)
                if found is None:
                    return None
                values.extend(found)
            return tuple(values)
    return None


def _names(node: ast.pattern) -> list[str]:
    match node:
        case ast.MatchAs(pattern=inner, name=name):
            return [*(_names(inner) if inner is not None else ()), *_bound(name)]
        case ast.MatchStar(name=name):
            return _bound(name)
        case ast.MatchOr(patterns=[first, *_]):  # every alternative binds the same names
            return _names(first)
        case ast.MatchSequence(patterns=patterns):
            return _names_of(patterns)
        case ast.MatchMapping(patterns=patterns, rest=rest):
            return [*_names_of(patterns), *_bound(rest)]
        case ast.MatchClass(patterns=positional, kwd_patterns=keywords):
            return _names_of([*positional, *keywords])
    return []


def _names_of(patterns: list[ast.pattern]) -> list[str]:
    return [name for each in patterns for name in _names(each)]


def _bound(name: str | None) -> list[str]:
    return [] if name is None else [name]
