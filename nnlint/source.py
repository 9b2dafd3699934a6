"""What is read and where things stand in it: `Source`, `Span`, `Place`."""

from __future__ import annotations

import bisect
import re
import tokenize
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

from nnlint import looks

NEW_LINE = re.compile(r"\r\n?|\n")  # as Python counts: a form feed or U+2028 begins no line


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of text. Lines and columns count from 1, columns in characters; the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A node of a file, by its number in the file's Script, or, once located, by its span; in a notebook by its cell.

    The interpreter speaks of nodes, which cost nothing to name; only what is reported is located.
    """

    path: str
    node: int = -1
    span: Span | None = None
    cell: int | None = None

    def located(self, span: Span) -> Place:
        return replace(self, span=span)


class Unreadable(Exception):
    """A file that can not be decoded or parsed; says where and why."""

    def __init__(self, path: str, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.path = path
        self.message = message
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Cells:
    """The code cells of a notebook, of which the text that is read is one program: see `nnlint.reading.notebook`.

    Of each its number among all cells, from 1, the line of the program where it begins, and its own text; `unfinished`
    says what of them does not parse, by the lines of the program.
    """

    numbers: tuple[int, ...]
    starts: tuple[int, ...]
    texts: tuple[str, ...]
    unfinished: tuple[Unreadable, ...] = ()

    def place(self, place: Place) -> Place:
        """A place in the program as one in its cell."""
        if place.span is None or place.cell is not None or not self.starts:
            return place
        index = max(bisect.bisect_right(self.starts, place.span.line) - 1, 0)
        shift = self.starts[index] - 1
        lines = NEW_LINE.split(self.texts[index])
        end = len(lines), len(lines[-1]) + 1
        first = min((max(place.span.line - shift, 1), place.span.column), end)
        last = min((place.span.end_line - shift, place.span.end_column), end)
        return replace(place, span=Span(*first, *max(first, last)), cell=self.numbers[index])

    def text_of(self, cell: int) -> str:
        return self.texts[self.numbers.index(cell)]


@dataclass(frozen=True, slots=True)
class Source:
    """The text of one Python file, or the program that the cells of a notebook are."""

    path: str
    text: str
    cells: Cells | None = None

    @classmethod
    def read(cls, path: Path, shown_as: str | None = None) -> Source:
        """Read `path`. Raises `Unreadable` when the file can not be opened or decoded."""
        name = shown_as if shown_as is not None else str(path)
        try:
            data = looks.read(path)
        except OSError as error:
            raise Unreadable(name, f"cannot be read: {error.strerror}") from error
        return cls.decode(name, data)

    @classmethod
    def decode(cls, name: str, data: bytes) -> Source:
        """Decode by the file's own coding declaration (PEP 263), UTF-8 without one."""
        try:
            return cls(name, data.decode(encoding_of(data)))
        except UnicodeDecodeError as error:
            raise Unreadable(name, f"cannot be decoded: {error}") from error


def encoding_of(data: bytes) -> str:
    """The encoding that a Python file declares."""
    try:
        return tokenize.detect_encoding(BytesIO(data).readline)[0]
    except (SyntaxError, LookupError):
        return "utf-8"  # a codec that is not installed here, as `future_fstrings`: the text is UTF-8 none the less
