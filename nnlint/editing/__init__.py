"""From the changes of a fix to text edits. The only part, beside the reader, that knows syntax trees."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nnlint import changes
from nnlint.finding import Edit
from nnlint.source import Place, Source

if TYPE_CHECKING:
    import libcst as cst

    from nnlint.editing.tree import Splice, Tree


def edits(source: Source, wanted: Sequence[Sequence[changes.Change]]) -> list[tuple[Edit, ...] | None]:
    """For each fix the edits of one file that make its changes there; None where a change can not be made.

    Raises `Unreadable`.
    """
    from nnlint.editing.tree import CanNot, Tree
    from nnlint.reading.reader import examine

    def look(module: cst.Module, nodes: list[cst.CSTNode]) -> list[tuple[Edit, ...] | None]:
        try:
            tree = Tree(module, nodes, source.text)
        except CanNot:
            return [None] * len(wanted)
        return [_edits(tree, source.path, each) for each in wanted]

    return examine(source, look)


def by_file(wanted: Iterable[changes.Change]) -> dict[str, list[changes.Change]]:
    """The changes by the path of the file in which they are made."""
    files: dict[str, list[changes.Change]] = {}
    for change in wanted:
        files.setdefault(place_of(change).path, []).append(change)
    return files


def place_of(change: changes.Change) -> Place:
    return change.first if isinstance(change, changes.Wrap) else change.place


def _edits(tree: Tree, path: str, wanted: Sequence[changes.Change]) -> tuple[Edit, ...] | None:
    from nnlint.editing.code import Writer
    from nnlint.editing.tree import CanNot

    makers = _makers()
    writer = Writer(tree)
    try:
        splices = [splice for change in wanted for splice in makers[type(change)](tree, writer, change)]
        splices += writer.imports()
    except CanNot:
        return None
    splices = _joined(sorted(dict.fromkeys(splices), key=lambda splice: (splice.start, splice.end)))
    if any(one.end > other.start for one, other in itertools.pairwise(splices)):
        return None
    return tuple(Edit(Place(path, span=tree.span(splice)), splice.text) for splice in splices)


def _joined(splices: Iterable[Splice]) -> list[Splice]:
    """Several insertions at one place are one, in the order in which they were asked for."""
    joined: list[Splice] = []
    for splice in splices:
        if joined and splice.start == splice.end == joined[-1].start == joined[-1].end:
            joined[-1] = replace(joined[-1], text=joined[-1].text + splice.text)
        else:
            joined.append(splice)
    return joined


def _makers() -> Mapping[type, Callable[[Tree, Any, Any], Iterator[Splice]]]:
    from nnlint.editing import arguments, expressions, statements

    return {
        changes.Decorate: statements.decorate,
        changes.InsertAfter: statements.insert_after,
        changes.InsertBefore: statements.insert_before,
        changes.InsertInto: statements.insert_into,
        changes.MoveAfter: statements.move_after,
        changes.MoveBefore: statements.move_before,
        changes.Remove: statements.remove,
        changes.RemoveArgument: arguments.remove_argument,
        changes.Rename: expressions.rename,
        changes.Replace: expressions.replace,
        changes.SetArgument: arguments.set_argument,
        changes.Unwrap: expressions.unwrap,
        changes.Wrap: statements.wrap,
    }
