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
    return [_row(lines[number - 1], number, span) for number in shown_lines(lines, span, context)]


def shown_lines(lines: list[str], span: Span, context: int) -> list[int]:
    """The numbers of the lines that an excerpt shows."""
    end_line = min(span.end_line, span.line + LONGEST - 1)
    numbers = list(range(max(1, span.line - context), min(len(lines), end_line + context) + 1))
    while numbers and numbers[0] < span.line and not lines[numbers[0] - 1].strip():
        numbers.pop(0)
    while numbers and numbers[-1] > end_line and not lines[numbers[-1] - 1].strip():
        numbers.pop()
    return numbers


def physical_lines(text: str) -> list[str]:
    """The lines as Python counts them: a form feed or a line separator ends none."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _row(line: str, number: int, span: Span) -> Row:
    if not span.line <= number <= span.end_line:
        return Row(number, "".join(shown(line)))
    characters = list(shown(line))
    start, end = marked_columns(line, number, span)
    before = sum(width(character) for character in characters[:start])
    marked = sum(width(character) for character in characters[start:end])
    is_empty = number == span.line == span.end_line and marked == 0
    return Row(
        number, "".join(characters), " " * before + "^" * (1 if is_empty else marked) if is_empty or marked else ""
    )


def marked_columns(line: str, number: int, span: Span) -> tuple[int, int]:
    """From where to where a line is marked, in characters from 0."""
    if not span.line <= number <= span.end_line:
        return 0, 0
    start = span.column - 1 if number == span.line else len(line) - len(line.lstrip())
    end = span.end_column - 1 if number == span.end_line else len(line.rstrip())
    return start, end


def shown(line: str) -> Iterator[str]:
    """What stands on the terminal for each character."""
    if line.isascii() and line.isprintable():  # as nearly all are
        yield from line
        return
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
