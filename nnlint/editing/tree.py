"""A syntax tree whose nodes know their parents and their place in the text, for the one file that a fix edits."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import libcst as cst
from libcst._nodes.internal import CodegenState

from nnlint.reading.positions import edges_of, last_of
from nnlint.source import Place, Span, line_starts


class CanNot(Exception):
    """A change can not be made here: the fix is dropped."""


@dataclass(frozen=True, slots=True, order=True)
class Splice:
    """The text from `start` to `end`, offsets into a file, becomes another."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement on lines of its own, in a block."""

    node: cst.SimpleStatementLine | cst.BaseCompoundStatement
    block: cst.IndentedBlock | cst.Module

    @property
    def index(self) -> int:
        return next(number for number, each in enumerate(self.block.body) if each is self.node)


class Tree:
    """The tree of a file. `nodes` is what `lower` returned for it."""

    def __init__(self, module: cst.Module, nodes: Sequence[cst.CSTNode], text: str) -> None:
        self.module = module
        self.text = text
        self.new_line = module.default_newline
        self._nodes = nodes
        self._recorder = _Recorder(module)
        module._codegen(self._recorder)
        if "".join(self._recorder.tokens) != text:
            raise CanNot("the text holds what the parser does not keep")  # a form feed
        self._offsets = list(accumulate(map(len, self._recorder.tokens), initial=0))
        self._line_starts = line_starts(text)
        self._parents = {id(child): parent for parent in _descendants(module) for child in parent.children}

    def node(self, place: Place) -> cst.CSTNode:
        """The node at a place; of a statement that is an expression the expression. Raises `CanNot`."""
        if not 0 <= place.node < len(self._nodes):
            raise CanNot(f"no node is known at {place}")
        node = self._nodes[place.node]
        return node.value if isinstance(node, cst.Expr) else node

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        return self._parents.get(id(node))

    # --- offsets -----------------------------------------------------------------------------------------------

    def start(self, node: cst.CSTNode) -> int:
        """Where a node starts, its own parentheses left out; a function or class at `def`, `async` or `class`."""
        first = node if isinstance(node, (cst.FunctionDef, cst.ClassDef)) else edges_of(node)[0]
        return self._offsets[self._recorder.inner[id(first)][0]]

    def end(self, node: cst.CSTNode) -> int:
        """Where a node ends; a compound statement with its last small one."""
        last = last_of(node) if isinstance(node, (cst.FunctionDef, cst.ClassDef)) else edges_of(node)[1]
        return self._offsets[self._recorder.inner[id(last)][1]]

    def around(self, node: cst.CSTNode) -> tuple[int, int]:
        """The start and end with all that belongs to the node: parentheses, a comma and the spaces behind it."""
        start, end = self._recorder.outer[id(node)]
        return self._offsets[start], self._offsets[end]

    def source(self, node: cst.CSTNode) -> str:
        return self.text[self.start(node) : self.end(node)]

    def line(self, offset: int) -> int:
        """The number of the line, from 1."""
        return bisect_right(self._line_starts, offset)

    def line_start(self, offset: int) -> int:
        return self._line_starts[self.line(offset) - 1]

    def line_end(self, offset: int) -> int:
        """Where the next line starts, or the text ends."""
        line = self.line(offset)
        return self._line_starts[line] if line < len(self._line_starts) else len(self.text)

    def span(self, splice: Splice) -> Span:
        def position(offset: int) -> tuple[int, int]:
            return self.line(offset), offset - self.line_start(offset) + 1

        return Span(*position(splice.start), *position(splice.end))

    # --- statements --------------------------------------------------------------------------------------------

    def statement(self, node: cst.CSTNode) -> Statement:
        """The innermost statement that a node is in. Raises `CanNot` where it shares its line with another's header."""
        found: cst.CSTNode | None = node
        while found is not None:
            parent = self.parent(found)
            if isinstance(parent, (cst.IndentedBlock, cst.Module)):
                assert isinstance(found, (cst.SimpleStatementLine, cst.BaseCompoundStatement))
                return Statement(found, parent)
            if isinstance(parent, cst.SimpleStatementSuite):
                raise CanNot("the statement stands behind a colon")
            found = parent
        raise CanNot("no statement is around it")

    def only_statement(self, node: cst.CSTNode) -> Statement:
        """As `statement`, if it is a small one alone on its line."""
        found = self.statement(node)
        if not isinstance(found.node, cst.SimpleStatementLine) or len(found.node.body) != 1:
            raise CanNot("it is no small statement that is alone on its line")
        return found

    def first_line(self, statement: Statement) -> int:
        """The offset where the line of a statement starts, that of its first decorator if it has one."""
        decorators = getattr(statement.node, "decorators", ())
        start = self.line_start(self.start(decorators[0].decorator if decorators else statement.node))
        if self.text[start : start + len(self.indent(statement))].strip():
            raise CanNot("something stands before the statement on its line")
        return start

    def indent(self, statement: Statement) -> str:
        start = self.start(statement.node)
        indent = self.text[self.line_start(start) : start]
        if indent.strip():
            raise CanNot("something stands before the statement on its line")
        return indent

    def behind(self, statement: Statement) -> int:
        """The offset behind the last line of a statement."""
        return self.line_end(self.end(statement.node))

    def function(self, node: cst.CSTNode) -> cst.CSTNode:
        """The function, class or module whose own code a node is in."""
        found = self.parent(node)
        while found is not None and not isinstance(found, (cst.FunctionDef, cst.ClassDef, cst.Lambda)):
            found = self.parent(found)
        return self.module if found is None else found


def _descendants(module: cst.Module) -> list[cst.CSTNode]:
    """Every node, in a loop: trees are deep."""
    found: list[cst.CSTNode] = [module]
    for node in found:
        found.extend(node.children)
    return found


class _Recorder(CodegenState):
    """Counts tokens at the edges of all nodes, with and without what belongs to them."""

    def __init__(self, module: cst.Module) -> None:
        super().__init__(default_indent=module.default_indent, default_newline=module.default_newline)
        self.outer: dict[int, tuple[int, int]] = {}
        self.inner: dict[int, tuple[int, int]] = {}
        self._open: list[int] = []

    def before_codegen(self, node: cst.CSTNode) -> None:
        self._open.append(len(self.tokens))

    def after_codegen(self, node: cst.CSTNode) -> None:
        self.outer[id(node)] = (self._open.pop(), len(self.tokens))
        self.inner.setdefault(id(node), self.outer[id(node)])

    def record_syntactic_position(
        self, node: cst.CSTNode, *, start_node: cst.CSTNode | None = None, end_node: cst.CSTNode | None = None
    ) -> Any:
        return _Inner(self, id(node))


class _Inner:
    def __init__(self, recorder: _Recorder, key: int) -> None:
        self.recorder = recorder
        self.key = key

    def __enter__(self) -> None:
        self.start = len(self.recorder.tokens)

    def __exit__(self, *exception: Any) -> None:
        self.recorder.inner[self.key] = (self.start, len(self.recorder.tokens))
