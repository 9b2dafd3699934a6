"""The patterns of `match`: the values a case compares with, and the names it binds."""

from __future__ import annotations

import libcst as cst

from nnlint.reading import script as ir
from nnlint.reading.expressions import Lowering, identifier


def pattern(walk: Lowering, node: cst.MatchPattern) -> tuple[tuple[ir.Expr, ...], tuple[str, ...]]:
    """Given `case "sgd" | "adam" as kind`: the values `"sgd"` and `"adam"`, the name `kind`.

    A pattern that looks into its subject (a sequence, a mapping, a class) has no values, and neither has `|` when one
    side of it is such a pattern: what the case would compare with is not known then.
    """
    return _values(walk, node) or (), tuple(_names(node))


def _values(walk: Lowering, node: cst.MatchPattern) -> tuple[ir.Expr, ...] | None:
    match node:
        case cst.MatchValue(value=value) | cst.MatchSingleton(value=value):
            return (walk.expression(value),)
        case cst.MatchAs(pattern=cst.MatchPattern() as inner):
            return _values(walk, inner)
        case cst.MatchOr(patterns=alternatives):
            values: list[ir.Expr] = []
            for alternative in alternatives:
                found = _values(walk, alternative.pattern)
                if found is None:
                    return None
                values.extend(found)
            return tuple(values)
    return None


def _names(node: cst.MatchPattern) -> list[str]:
    names: list[str] = []
    match node:
        case cst.MatchAs(pattern=inner, name=name):
            if inner is not None:
                names += _names(inner)
            names += _bound(name)
        case cst.MatchOr(patterns=alternatives):
            # every alternative binds the same names
            names += _names(alternatives[0].pattern)
        case cst.MatchSequence(patterns=patterns):
            for element in patterns:
                names += _bound(element.name) if isinstance(element, cst.MatchStar) else _names(element.value)
        case cst.MatchMapping(elements=elements, rest=rest):
            for entry in elements:
                names += _names(entry.pattern)
            names += _bound(rest)
        case cst.MatchClass(patterns=positional, kwds=keywords):
            for each in positional:
                names += _names(each.value)
            for keyword in keywords:
                names += _names(keyword.pattern)
    return names


def _bound(name: cst.Name | None) -> list[str]:
    return [] if name is None else [identifier(name.value)]
