"""Where libcst's nodes stand in the text: one code-generation pass that records only the nodes asked for.

libcst's nodes do not know their place; its PositionProvider finds it by writing the whole tree out as text again, after
a deep copy of the tree, and keeps the range of every node. Here the tree is written once, as it is, and the number of
tokens so far is noted before and after the wanted nodes; the tokens' lengths then give the offsets.

Measured (benchmarks/positions.py; shares of libcst's parse, the standard library and 118 training repositories): such a
pass 0.3, PositionProvider and its copy 3.1 to 3.2. Python's own nodes know their places (places.py): to parse with that
parser again, to lower, and to find five of them takes 0.14 to 0.15. What is left for this way is what this Python can
not parse and, before Python 3.12, what stands in an f-string.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable
from itertools import accumulate
from typing import Any

import libcst as cst
from libcst._nodes.internal import CodegenState

from nnlint.source import Span, line_starts


def locate(module: cst.Module, nodes: list[cst.CSTNode], wanted: Iterable[int]) -> dict[int, Span]:
    """The spans of the nodes with these ids; `nodes` is what `lower` returned for this module.

    Parentheses around an expression are not part of it, those of a tuple or a generator are. A function or a class
    stands at its name. A tuple that only an index makes (`x[:, 0]`) stands where its subscript does.
    """
    edges = {number: edges_of(nodes[number]) for number in wanted}
    state = _Recorder(module, {id(node) for pair in edges.values() for node in pair})
    module._codegen(state)
    offsets = list(accumulate(map(len, state.tokens), initial=0))
    starts = line_starts("".join(state.tokens))

    def place(offset: int) -> tuple[int, int]:
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    return {
        number: Span(*place(offsets[state.starts[id(first)]]), *place(offsets[state.ends[id(last)]]))
        for number, (first, last) in edges.items()
    }


def edges_of(node: cst.CSTNode) -> tuple[cst.CSTNode, cst.CSTNode]:
    """The nodes with which a node begins and ends."""
    match node:
        case cst.FunctionDef(name=name) | cst.ClassDef(name=name):
            return name, name
        case cst.Tuple(lpar=[*_, left], rpar=[right, *_]) | cst.GeneratorExp(lpar=[*_, left], rpar=[right, *_]):
            return left, right
        case cst.Slice():
            return node, _end_of_slice(node)
    return node, last_of(node)


def _end_of_slice(node: cst.Slice) -> cst.CSTNode:
    """The spaces behind a colon belong to it in libcst, and the parentheses around a bound to the bound."""
    last: cst.CSTNode = node.first_colon
    if node.upper is not None:
        last = node.upper
    if isinstance(node.second_colon, cst.Colon):
        last = node.second_colon
    if node.step is not None:
        last = node.step
    return last.rpar[-1] if isinstance(last, cst.BaseExpression) and last.rpar else last


def last_of(node: cst.CSTNode) -> cst.CSTNode:
    """A compound statement ends with its last small statement, not with the line break behind it."""
    while True:
        match node:
            case cst.Try() | cst.TryStar():
                node = node.finalbody or node.orelse or (node.handlers[-1] if node.handlers else node.body)
            case cst.If() | cst.For() | cst.While():
                node = node.orelse or node.body
            case cst.Match(cases=[*_, last]):
                node = last
            case cst.IndentedBlock(body=[*_, last]):
                node = last
            case cst.SimpleStatementLine(body=[*_, small]) | cst.SimpleStatementSuite(body=[*_, small]):
                return small
            case (
                cst.Else(body=body)
                | cst.Finally(body=body)
                | cst.ExceptHandler(body=body)
                | cst.ExceptStarHandler(body=body)
                | cst.MatchCase(body=body)
                | cst.With(body=body)
                | cst.FunctionDef(body=body)
                | cst.ClassDef(body=body)
            ):
                node = body
            case _:
                return node


class _Recorder(CodegenState):
    """Counts tokens at the edges of the wanted nodes, which go by identity."""

    def __init__(self, module: cst.Module, wanted: Collection[int]) -> None:
        super().__init__(default_indent=module.default_indent, default_newline=module.default_newline)
        self.wanted = wanted
        self.starts: dict[int, int] = {}
        self.ends: dict[int, int] = {}

    def before_codegen(self, node: cst.CSTNode) -> None:
        if id(node) in self.wanted:
            self.starts[id(node)] = len(self.tokens)

    def after_codegen(self, node: cst.CSTNode) -> None:
        if id(node) in self.wanted:
            self.ends.setdefault(id(node), len(self.tokens))

    def record_syntactic_position(
        self, node: cst.CSTNode, *, start_node: cst.CSTNode | None = None, end_node: cst.CSTNode | None = None
    ) -> Any:  # declared as the type that @contextmanager makes, which no other class can be
        """libcst enters this around the node without the parentheses and spaces that belong to it."""
        return _Recording(self, id(node)) if id(node) in self.wanted else UNWANTED


class _Recording:
    def __init__(self, state: _Recorder, key: int) -> None:
        self.state = state
        self.key = key

    def __enter__(self) -> None:
        self.state.starts[self.key] = len(self.state.tokens)

    def __exit__(self, *exception: Any) -> None:
        self.state.ends[self.key] = len(self.state.tokens)


class _Unwanted:
    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: Any) -> None:
        pass


UNWANTED = _Unwanted()
