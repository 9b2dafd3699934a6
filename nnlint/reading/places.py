"""Where nodes stand in the text, as Python's own parser knows it: positions.py says the same of libcst's nodes.

Python counts columns in bytes of UTF-8, `Span` in characters. And it draws the borders of some nodes elsewhere: those
are found in the text beside their parts, where there is nothing but parentheses, spaces and comments.
"""

from __future__ import annotations

import ast
import re
import sys
from bisect import bisect_right
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from nnlint.source import Span, line_starts

BLANK = r"(?:[ \t\f\r\n]|\\(?:\r\n?|\n)|#[^\r\n]*(?![^\r\n]))"  # a comment goes on to the end of its line
OPENING = re.compile(rf"{BLANK}*\(")
CLOSING = re.compile(rf"{BLANK}*\)")
BLANKS = re.compile(rf"{BLANK}*")
DEFINED = re.compile(rf"(?:async{BLANK}+)?(?:def|class){BLANK}+([^ \t\f\r\n\\(\[:#]+)")

COMPOUND = (
    ast.AsyncFor,
    ast.AsyncFunctionDef,
    ast.AsyncWith,
    ast.ClassDef,
    ast.For,
    ast.FunctionDef,
    ast.If,
    ast.Match,
    ast.Try,
    getattr(ast, "TryStar", ast.Try),  # Python 3.11
    ast.While,
    ast.With,
)
MISPLACES_FIELDS = sys.version_info < (3, 12)
"""Before, the parser took the expressions in an f-string for a text of their own."""


def locate(text: str, nodes: list[ast.AST], wanted: Iterable[int]) -> dict[int, Span]:
    """The spans of the nodes with these ids, as far as this Python knows them.

    `nodes` is what `lower` returned for this text.
    """
    places = _Places(text, nodes)
    misplaced = _fields(nodes) if MISPLACES_FIELDS else set()
    return {number: places.span(number) for number in wanted if nodes[number] not in misplaced}


def _fields(nodes: Iterable[ast.AST]) -> set[ast.AST]:
    """The nodes in f-strings."""
    strings = [node for node in nodes if isinstance(node, ast.JoinedStr)]
    return {inner for string in strings for inner in ast.walk(string) if inner is not string}


class _Places:
    """The places of one text."""

    def __init__(self, text: str, nodes: list[ast.AST]) -> None:
        self.text = text
        self.nodes = nodes
        self.starts = line_starts(text)

    @cached_property
    def _subscripts(self) -> dict[ast.AST, ast.Subscript]:
        return {node.slice: node for node in self.nodes if isinstance(node, ast.Subscript)}

    @cached_property
    def _calls(self) -> dict[ast.AST, ast.Call]:
        return {node.args[0]: node for node in self.nodes if isinstance(node, ast.Call) and node.args}

    def span(self, number: int) -> Span:
        start, end = self._edges(number)
        return Span(*self._place(start), *self._place(end))

    def _place(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def _edges(self, number: int) -> tuple[int, int]:
        """The offsets at which a node begins and ends."""
        node: Any = self.nodes[number]
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                found = DEFINED.match(self.text, self._start(node))
                assert found is not None
                return found.span(1)
            case ast.BoolOp():
                return self._start(node), self._end_of_operation(number, node)
            case ast.Tuple(elts=[first, *_]) if not self._has_parentheses(node, first):
                node = self._subscripts.get(node, node)
            case ast.GeneratorExp(generators=[*_, last]) if self._shares_parentheses(node):
                return self._inside_of_parentheses(node, last.ifs[-1] if last.ifs else last.iter)
        return self._start(node), self._end(_last_of(node))

    def _end_of_operation(self, number: int, node: ast.BoolOp) -> int:
        """Given `a and b and c`, one node with two numbers: the second stands for `a and b`."""
        left_off = 0
        while number > left_off and self.nodes[number - left_off - 1] is node:
            left_off += 1
        if not left_off:
            return self._end(node)
        last = node.values[-1 - left_off]
        return max([self._end(last), *self._closings(last)])

    def _has_parentheses(self, node: ast.Tuple, first: ast.expr) -> bool:
        """What opens before its first element, and does not close before the second, closes behind the tuple."""
        openings = _repeated(OPENING, self.text, self._start(node))
        opened = sum(end <= self._start(first) for end in openings)
        return opened > len(self._closings(first))

    def _shares_parentheses(self, node: ast.GeneratorExp) -> bool:
        """Whether they are those of a call, of which the generator is the only argument: `sum(x for x in y)`."""
        call = self._calls.get(node)
        return call is not None and self._end(call) == self._end(node)

    def _inside_of_parentheses(self, node: ast.expr, last: ast.expr) -> tuple[int, int]:
        found = BLANKS.match(self.text, self._start(node) + 1)
        assert found is not None
        end = self._end(node)
        return found.end(), max([self._end(last), *[closing for closing in self._closings(last) if closing < end]])

    def _closings(self, node: ast.AST) -> list[int]:
        """The ends of the parentheses that close right behind a node."""
        return _repeated(CLOSING, self.text, self._end(node))

    def _start(self, node: Any) -> int:
        return self._offset(node.lineno, node.col_offset)

    def _end(self, node: Any) -> int:
        return self._offset(node.end_lineno, node.end_col_offset)

    def _offset(self, line: int, column: int) -> int:
        start = self.starts[line - 1]
        before = self.text[start : start + column]
        return start + (column if before.isascii() else len(before.encode()[:column].decode()))


def _repeated(pattern: re.Pattern[str], text: str, offset: int) -> list[int]:
    """The ends of the matches that follow one another from an offset on."""
    ends = []
    found = pattern.match(text, offset)
    while found is not None:
        ends.append(found.end())
        found = pattern.match(text, found.end())
    return ends


def _last_of(node: Any) -> Any:
    """Python counts a last semicolon to the compound statement that it stands in, but not to the small one."""
    while isinstance(node, COMPOUND):
        if isinstance(node, ast.Match):
            node = node.cases[-1]
        handlers = getattr(node, "handlers", None)
        last = getattr(node, "finalbody", None) or getattr(node, "orelse", None)
        node = (last or (handlers[-1].body if handlers else node.body))[-1]
    return node
