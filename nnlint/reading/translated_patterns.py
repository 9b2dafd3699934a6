"""The patterns of `match`, as the translation of translation.py sees them.

Left off are the keys of mappings: all that is asked for is what a pattern compares with its whole subject, and the
names that it binds.
"""

from __future__ import annotations

import ast

import libcst as cst

from nnlint.reading.translated_expressions import NAMED_CONSTANTS, Translation, identifier


def pattern(walk: Translation, node: cst.MatchPattern) -> ast.pattern:
    match node:
        case cst.MatchValue(value=value):
            return ast.MatchValue(walk.expression(value))
        case cst.MatchSingleton(value=name):
            return walk.stands_for(ast.MatchSingleton(NAMED_CONSTANTS[name.value]), name)
        case cst.MatchAs(pattern=inner, name=name):
            return ast.MatchAs(pattern(walk, inner) if inner is not None else None, _bound(name))
        case cst.MatchOr(patterns=alternatives):
            return ast.MatchOr([pattern(walk, each.pattern) for each in alternatives])
        case cst.MatchSequence(patterns=patterns):
            return ast.MatchSequence([_element(walk, each) for each in patterns])
        case cst.MatchMapping(elements=elements, rest=rest):
            return ast.MatchMapping([], [pattern(walk, each.pattern) for each in elements], _bound(rest))
        case cst.MatchClass(cls=called, patterns=positional, kwds=keywords):
            names = [identifier(each.key.value) for each in keywords]
            inner_patterns = [pattern(walk, each.value) for each in positional]
            keyword_patterns = [pattern(walk, each.pattern) for each in keywords]
            return ast.MatchClass(walk.expression(called), inner_patterns, names, keyword_patterns)
    raise walk.unknown(node)


def _element(walk: Translation, node: cst.MatchSequenceElement | cst.MatchStar) -> ast.pattern:
    if isinstance(node, cst.MatchStar):
        return ast.MatchStar(_bound(node.name))
    return pattern(walk, node.value)


def _bound(name: cst.Name | None) -> str | None:
    return None if name is None else identifier(name.value)
