"""Lines of source with a span marked, so that the marks stand under what they mark on a terminal.

Tabs are spread to spaces, wide characters count two columns, and what would disturb a terminal is shown by a stand-in.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from nnlint.source import Span

TAB = 4
LONGEST = 8  # lines of a span that are shown


@dataclass(frozen=True, slots=True)
class Row:
    """One line of an excerpt. `marks` is the line of carets below it, "" where nothing is marked."""

    number: int
    text: str
    marks: str = ""


def excerpt(text: str, span: Span, context: int) -> list[Row]:
    """The lines of the span, at most `LONGEST`, and `context` lines around it that are not blank at the edges."""
    lines = physical_lines(text)
    end_line = min(span.end_line, span.line + LONGEST - 1)
    rows = [
        _row(lines[number - 1], number, span)
        for number in range(max(1, span.line - context), min(len(lines), end_line + context) + 1)
    ]
    while rows and not rows[0].text.strip() and rows[0].number < span.line:
        rows.pop(0)
    while rows and not rows[-1].text.strip() and rows[-1].number > end_line:
        rows.pop()
    return rows


def physical_lines(text: str) -> list[str]:
    """The lines as Python counts them: a form feed or a line separator ends none."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _row(line: str, number: int, span: Span) -> Row:
    if not span.line <= number <= span.end_line:
        return Row(number, "".join(shown(line)))
    characters = list(shown(line))
    start = span.column - 1 if number == span.line else len(line) - len(line.lstrip())
    end = span.end_column - 1 if number == span.end_line else len(line.rstrip())
    before = sum(width(character) for character in characters[:start])
    marked = sum(width(character) for character in characters[start:end])
    is_empty = number == span.line == span.end_line and marked == 0
    return Row(
        number, "".join(characters), " " * before + "^" * (1 if is_empty else marked) if is_empty or marked else ""
    )


def shown(line: str) -> Iterator[str]:
    """What stands on the terminal for each character."""
    column = 0
    for character in line:
        stand_in = character
        if character == "\t":
            stand_in = " " * (TAB - column % TAB)
        elif unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp", "Cs"):
            stand_in = "\N{REPLACEMENT CHARACTER}"
        column += width(stand_in)
        yield stand_in


def width(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
