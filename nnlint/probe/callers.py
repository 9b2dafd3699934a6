"""Who called a torch function, and how the user wrote the call."""

from __future__ import annotations

import ast
import linecache
import os
import sys
from functools import lru_cache

import torch

from nnlint.probe.places import Places, words
from nnlint.source import Place

_PROBE = os.path.dirname(__file__) + os.sep
_TORCH = os.path.dirname(torch.__file__) + os.sep
_WRAPPERS = tuple(_TORCH + name for name in ("overrides.py", "_tensor.py", "functional.py", "utils", "nn" + os.sep))


def by_user(places: Places) -> bool:
    """Whether the user's own code made the call that is under way, and not a library that it called."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith((_PROBE, *_WRAPPERS)):
        frame = frame.f_back
    return places.file(frame.f_code.co_filename) is not None


def arguments(place: Place | None) -> list[str]:
    """The positional arguments of the call at a place, as written: `b`, `-1` of `x.view(b, -1)`."""
    call = _call(place)
    if call is None:
        return []
    given = call.args
    if given and isinstance(given[-1], (ast.Tuple, ast.List)):
        given = given[-1].elts
    return [ast.unparse(each) for each in given]


def argument(place: Place | None, name: str, position: int) -> str:
    """One argument of the call at a place, as written; "" where it can not be told."""
    call = _call(place)
    if call is None:
        return ""
    found = [each.value for each in call.keywords if each.arg == name] + call.args[position : position + 1]
    return ast.unparse(found[0]) if found else ""


def is_tried(place: Place | None) -> bool:
    """Whether what stands at a place is all that a `try` does: whether it raises is the question."""
    return place is not None and place.span is not None and place.span.line in _tried(place.path)


@lru_cache(maxsize=256)
def _tried(path: str) -> frozenset[int]:
    try:
        tree = ast.parse("".join(linecache.getlines(path)))
    except (SyntaxError, ValueError):
        return frozenset()
    return frozenset(
        node.body[0].lineno for node in ast.walk(tree) if isinstance(node, ast.Try) and len(node.body) == 1
    )


def _call(place: Place | None) -> ast.Call | None:
    try:
        tree = ast.parse(words(place, 10_000).strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return None
    return tree if isinstance(tree, ast.Call) else None
