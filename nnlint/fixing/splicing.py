"""Text edits in texts, and where a stretch of the text stands when they have been made."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from nnlint.finding import Edit
from nnlint.source import Span, line_starts


def with_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text with edits that do not overlap."""
    return Splicing(text, edits).after


@dataclass(frozen=True, slots=True, order=True)
class Stretch:
    """The text between two offsets, and what is put in its place."""

    start: int
    end: int
    text: str

    def meets(self, other: Stretch) -> bool:
        """Whether the two can not be made together; what both do is made once."""
        if self == other:
            return False
        return (self.start < other.end and other.start < self.end) or self.start == other.start


class Splicing:
    """Edits of one text."""

    def __init__(self, text: str, edits: Iterable[Edit]) -> None:
        self._starts = line_starts(text)
        self._stretches = sorted({self._stretch(edit) for edit in edits})
        parts: list[str] = []
        done = 0
        for each in self._stretches:
            parts += [text[done : each.start], each.text]
            done = each.end
        self.after = "".join([*parts, text[done:]])
        self._starts_after = line_starts(self.after)

    def moved(self, span: Span) -> Span:
        """Where the text of a span stands afterwards."""
        start = self._moved(_offset(self._starts, span.line, span.column), is_end=False)
        end = self._moved(_offset(self._starts, span.end_line, span.end_column), is_end=True)
        return Span(*self._position(start), *self._position(max(start, end)))

    def _stretch(self, edit: Edit) -> Stretch:
        return stretch(edit, self._starts)

    def _moved(self, offset: int, *, is_end: bool) -> int:
        shift = 0
        for each in self._stretches:
            if each.end < offset or (each.end == offset and not (is_end and each.start == each.end)):
                shift += len(each.text) - (each.end - each.start)
            elif each.start < offset:  # inside of what is replaced
                return each.start + shift + (len(each.text) if is_end else 0)
        return offset + shift

    def _position(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts_after, offset)
        return line, offset - self._starts_after[line - 1] + 1


def stretch(edit: Edit, starts: list[int]) -> Stretch:
    """The edit by offsets in a text whose lines begin at `starts`."""
    span = edit.place.span
    assert span is not None, "an edit that is reported is located"
    return Stretch(_offset(starts, span.line, span.column), _offset(starts, span.end_line, span.end_column), edit.text)


def _offset(starts: list[int], line: int, column: int) -> int:
    return starts[line - 1] + column - 1
