"""Changes of statements: put in, taken out, moved, put into a block, with their lines and indentation."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from nnlint.changes import Decorate, InsertAfter, InsertBefore, InsertInto, MoveAfter, MoveBefore, Remove, Wrap
from nnlint.editing.code import Writer
from nnlint.editing.tree import CanNot, Splice, Statement, Tree

_LEAVING = (cst.Break, cst.Continue, cst.Raise, cst.Return)
_STRINGS = (cst.ConcatenatedString, cst.FormattedString, cst.SimpleString)


def insert_before(tree: Tree, writer: Writer, change: InsertBefore) -> Iterator[Splice]:
    statement = tree.statement(tree.node(change.place))
    yield _line_before(tree, statement, writer.write(change.code))


def insert_after(tree: Tree, writer: Writer, change: InsertAfter) -> Iterator[Splice]:
    statement = tree.statement(tree.node(change.place))
    yield _line_behind(tree, statement, writer.write(change.code))


def insert_into(tree: Tree, writer: Writer, change: InsertInto) -> Iterator[Splice]:
    node = tree.node(change.place)
    body = getattr(node, "body", None)
    if not isinstance(body, cst.IndentedBlock):
        raise CanNot("it has no block of its own")
    first = tree.statement(body.body[0])
    has_docstring = isinstance(node, (cst.FunctionDef, cst.ClassDef)) and node.get_docstring() is not None
    place = _line_behind if has_docstring else _line_before
    yield place(tree, first, writer.write(change.code))


def remove(tree: Tree, writer: Writer, change: Remove) -> Iterator[Splice]:
    yield from removed(tree, tree.node(change.place))


def removed(tree: Tree, node: cst.CSTNode) -> Iterator[Splice]:
    """What takes the small statement out that a node is in."""
    statement = tree.only_statement(node)
    if len(statement.block.body) == 1 and isinstance(statement.block, cst.IndentedBlock):
        yield Splice(tree.start(statement.node), tree.end(statement.node), "pass")
    else:
        yield Splice(tree.first_line(statement), tree.behind(statement), "")


def move_before(tree: Tree, writer: Writer, change: MoveBefore) -> Iterator[Splice]:
    statement, target = _from_to(tree, change)
    yield from removed(tree, statement.node)
    yield _line_before(tree, target, _lines(tree, statement))


def move_after(tree: Tree, writer: Writer, change: MoveAfter) -> Iterator[Splice]:
    statement, target = _from_to(tree, change)
    yield from removed(tree, statement.node)
    yield _line_behind(tree, target, _lines(tree, statement))


def wrap(tree: Tree, writer: Writer, change: Wrap) -> Iterator[Splice]:
    first, last = _in_one_block(tree, tree.node(change.first), tree.node(change.last))
    start, end = tree.first_line(first), tree.behind(last)
    indent = tree.indent(first)
    yield Splice(start, start, f"{indent}with {writer.write(change.header)}:{tree.new_line}")
    deeper = tree.module.default_indent
    inside = _within_strings(tree, first, last)
    offset = start
    while offset < end:
        behind = tree.line_end(offset)
        if tree.text[offset:behind].strip() and tree.line(offset) not in inside:
            yield Splice(offset, offset, deeper)
        offset = behind


def decorate(tree: Tree, writer: Writer, change: Decorate) -> Iterator[Splice]:
    node = tree.node(change.place)
    if not isinstance(node, cst.FunctionDef):
        raise CanNot("only a function is decorated")
    start = tree.line_start(tree.start(node))
    indent = tree.text[start : tree.start(node)]
    yield Splice(start, start, f"{indent}@{writer.write(change.code)}{tree.new_line}")


def _line_before(tree: Tree, statement: Statement, text: str) -> Splice:
    start = tree.first_line(statement)
    return Splice(start, start, _indented(tree, text, tree.indent(statement)) + tree.new_line)


def _line_behind(tree: Tree, statement: Statement, text: str) -> Splice:
    if isinstance(statement.node, cst.SimpleStatementLine) and isinstance(statement.node.body[-1], _LEAVING):
        raise CanNot("what stands behind it never runs")
    end = tree.behind(statement)
    lines = _indented(tree, text, tree.indent(statement))
    if tree.text[:end].endswith(("\n", "\r")):
        return Splice(end, end, lines + tree.new_line)
    return Splice(end, end, tree.new_line + lines)


def _indented(tree: Tree, text: str, indent: str) -> str:
    return tree.new_line.join(indent + line for line in text.splitlines())


def _lines(tree: Tree, statement: Statement) -> str:
    """The text of a statement and the comment on its last line, without its indentation."""
    text = tree.text[tree.start(statement.node) : tree.behind(statement)].rstrip()
    if _within_strings(tree, statement, statement):
        raise CanNot("a string goes over several lines")
    indent = tree.indent(statement)
    return "\n".join(line.removeprefix(indent) for line in text.splitlines())


def _from_to(tree: Tree, change: MoveBefore | MoveAfter) -> tuple[Statement, Statement]:
    statement = tree.only_statement(tree.node(change.place))
    target = tree.statement(tree.node(change.target))
    if tree.function(statement.node) is not tree.function(target.node):
        raise CanNot("the two are in different functions")
    if statement.node is target.node:
        raise CanNot("it stands there already")
    return statement, target


def _in_one_block(tree: Tree, first: cst.CSTNode, last: cst.CSTNode) -> tuple[Statement, Statement]:
    """The statements of the innermost common block that hold the two nodes."""
    around_first, around_last = list(_around(tree, first)), list(_around(tree, last))
    for one in around_first:
        for other in around_last:
            if one.block is other.block:
                return (one, other) if one.index <= other.index else (other, one)
    raise CanNot("the two have no block in common")


def _around(tree: Tree, node: cst.CSTNode) -> Iterator[Statement]:
    """The statements that a node is in, from the innermost outwards."""
    found: cst.CSTNode | None = node
    while found is not None and not isinstance(found, cst.Module):
        statement = tree.statement(found)
        yield statement
        found = statement.block if isinstance(statement.block, cst.IndentedBlock) else None
        if found is not None:
            found = tree.parent(found)


def _within_strings(tree: Tree, first: Statement, last: Statement) -> set[int]:
    """The lines that begin inside of a string, which indentation would change."""
    lines: set[int] = set()
    index = first.index
    waiting: list[cst.CSTNode] = list(first.block.body[index : last.index + 1])
    while waiting:
        node = waiting.pop()
        if isinstance(node, _STRINGS):
            lines.update(range(tree.line(tree.start(node)) + 1, tree.line(tree.end(node)) + 1))
        waiting.extend(node.children)
    return lines
