"""Lines of source for pages: in pieces that have one colour and are marked or not, in visible characters only."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from nnlint.report.excerpt import marked_columns, physical_lines, shown, shown_lines
from nnlint.source import Source, Span

KINDS = (
    ("Token.Comment", "c"),
    ("Token.Literal.String", "s"),
    ("Token.Literal.Number", "m"),
    ("Token.Keyword", "k"),
    ("Token.Operator.Word", "k"),
    ("Token.Name.Function", "f"),
    ("Token.Name.Class", "f"),
)
"""Kinds of tokens, and the classes that colours.css has for them."""


class Piece(NamedTuple):
    """A stretch of a line; `kind` is a class of colours.css or empty."""

    kind: str
    text: str
    is_marked: bool = False


def rows(source: Source, span: Span, context: int) -> list[tuple[int, list[Piece]]]:
    """The lines that an excerpt shows (see `excerpt`), each with its number."""
    lines = _coloured(source.text)
    numbers = shown_lines(physical_lines(source.text), span, context)
    return [(number, _marked(lines[number - 1], number, span)) for number in numbers]


def code(text: str) -> list[list[Piece]]:
    """All lines of a text, with nothing marked."""
    return [_marked(line, number, None) for number, line in enumerate(_coloured(text), 1)]


@lru_cache(maxsize=256)
def _coloured(text: str) -> list[list[tuple[str, str]]]:
    """The tokens of each line, with their kinds."""
    from pygments import lex
    from pygments.lexers.python import PythonLexer

    lines: list[list[tuple[str, str]]] = [[]]
    for token, value in lex("\n".join(physical_lines(text)), PythonLexer(stripnl=False, ensurenl=False)):
        kind = _kind(token)
        for number, part in enumerate(value.split("\n")):
            if number:
                lines.append([])
            if part:
                lines[-1].append((kind, part))
    return lines


@cache
def _kind(token: object) -> str:
    name = str(token)
    return next((kind for prefix, kind in KINDS if name.startswith(prefix)), "")


def _marked(tokens: list[tuple[str, str]], number: int, span: Span | None) -> list[Piece]:
    line = "".join(text for _, text in tokens)
    characters = list(shown(line))
    start, end = marked_columns(line, number, span) if span else (0, 0)
    if span and start == end and number == span.line == span.end_line:  # between two characters, or behind the last
        end = start + 1
        tokens = tokens if start < len(line) else [*tokens, ("", " ")]
        characters.append(" ")
    pieces: list[Piece] = []
    offset = 0
    for kind, text in tokens:
        for first, last in _cut(offset, offset + len(text), start, end):
            piece = Piece(kind, "".join(characters[first:last]), start <= first < end)
            before = pieces[-1] if pieces else None
            if before and (before.kind, before.is_marked) == (piece.kind, piece.is_marked):
                pieces[-1] = before._replace(text=before.text + piece.text)
            else:
                pieces.append(piece)
        offset += len(text)
    return pieces


def _cut(first: int, last: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A stretch, in pieces that lie inside or outside of another."""
    edges = sorted({first, last, *(edge for edge in (start, end) if first < edge < last)})
    return itertools.pairwise(edges)
