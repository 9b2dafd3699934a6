"""Text edits are put into texts: of one fix, and of many that do not touch each other."""

from __future__ import annotations

from collections.abc import Iterable

from nnlint.finding import Edit
from nnlint.reading.positions import line_starts


def with_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text with edits that do not overlap."""
    starts = line_starts(text)
    parts: list[str] = []
    done = 0
    for start, end, new in sorted(spliced(edit, starts) for edit in edits):
        parts += [text[done:start], new]
        done = end
    return "".join([*parts, text[done:]])


def spliced(edit: Edit, starts: list[int]) -> tuple[int, int, str]:
    span = edit.place.span
    assert span is not None
    return starts[span.line - 1] + span.column - 1, starts[span.end_line - 1] + span.end_column - 1, edit.text
