"""A notebook's file as text: where the sources of its cells stand in the JSON, and others put in their place.

Nothing is dumped anew: outputs, metadata, the order of keys, indentation and escapes stay as they are, byte for byte.
"""

from __future__ import annotations

import bisect
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate
from typing import Any, NamedTuple

from nnlint.source import Unreadable

_SPACE = re.compile(r"[ \t\n\r]*")
_ESCAPED_LETTER = re.compile(r"\\u(?!00[0-7])")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_DECODER = json.JSONDecoder()


class Value(NamedTuple):
    """A JSON value and the stretch of the text that it stands in."""

    value: Any
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class RawCell:
    """A code cell, by its number among all cells, from 1. Its source is one string, or a list of strings."""

    number: int
    source: str
    written: Value
    pieces: tuple[Value, ...]
    language: str | None  # only in the older format


@dataclass(frozen=True, slots=True)
class Content:
    """What is of use in a notebook's file."""

    text: str
    metadata: Mapping[str, Any]
    cells: tuple[RawCell, ...]


def content(path: str, data: bytes) -> Content:
    """Look through a notebook's file. Raises `Unreadable`, with the line of the file where it can be said."""
    if not data.strip():
        raise Unreadable(path, "is no notebook: the file is empty")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable(path, f"is no notebook: cannot be decoded: {error}", line) from None
    try:
        return _content(text)
    except json.JSONDecodeError as error:
        message = f"is no notebook: its JSON is broken: {error.msg}"
        raise Unreadable(path, message, error.lineno, error.colno) from None
    except RecursionError:
        raise Unreadable(path, "is no notebook: its JSON is nested too deeply") from None
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise Unreadable(path, f"is no notebook: {error}") from None


def file_line(data: bytes, cell: int, line: int) -> int:
    """The line of the notebook's file where a line of a cell's source stands; 1 where there is no such cell."""
    try:
        found = content("", data)
        raw = next(each for each in found.cells if each.number == cell)
    except (Unreadable, StopIteration):
        return 1
    lines = list(accumulate((each.value.count("\n") for each in raw.pieces[:-1]), initial=1))
    index = bisect.bisect_left(lines, line)  # given ["a\n", "b\n"], the pieces begin with the lines 1 and 2
    if index == len(lines) or lines[index] > line:
        index -= 1
    start = raw.pieces[max(index, 0)].start if raw.pieces else raw.written.start
    return found.text.count("\n", 0, start) + 1


def rewritten(data: bytes, cells: Mapping[int, str]) -> bytes:
    """The notebook's file with other sources for the code cells of these numbers. Raises `Unreadable`."""
    found = content("", data)
    known = {cell.number: cell for cell in found.cells}
    text = found.text
    for number in sorted(cells, reverse=True):
        cell = known[number]
        if cells[number] != cell.source:
            text = text[: cell.written.start] + _written(cell, cells[number], found.text) + text[cell.written.end :]
    return text.encode("utf-8")


# --- the JSON --------------------------------------------------------------------------------------------------


def _content(text: str) -> Content:
    whole = _value(text, _next(text, 1 if text.startswith("\ufeff") else 0))
    if _next(text, whole.end) != len(text):
        raise json.JSONDecodeError("Extra data", text, whole.end)
    top = _members(text, whole.start)
    if "cells" in top:
        listed = _items(text, top["cells"].start)
    elif "worksheets" in top:  # nbformat 3 and before
        sheets = _items(text, top["worksheets"].start)
        listed = [cell for sheet in sheets for cell in _items(text, _members(text, sheet.start)["cells"].start)]
    else:
        raise ValueError("it has no cells")
    cells = [_cell(text, number, value) for number, value in enumerate(listed, 1)]
    metadata = top["metadata"].value if "metadata" in top else {}
    return Content(
        text, metadata if isinstance(metadata, dict) else {}, tuple(cell for cell in cells if cell is not None)
    )


def _cell(text: str, number: int, value: Value) -> RawCell | None:
    members = _members(text, value.start)
    if "cell_type" not in members:
        raise ValueError(f"cell {number} has no type")
    if members["cell_type"].value != "code":
        return None
    written = members.get("source") or members.get("input")  # nbformat 3
    if written is None:
        raise ValueError(f"cell {number} has no source")
    pieces = tuple(_items(text, written.start)) if isinstance(written.value, list) else (written,)
    if not all(isinstance(piece.value, str) for piece in pieces):
        raise ValueError(f"the source of cell {number} is no text")
    language = members["language"].value if "language" in members else None
    return RawCell(number, "".join(piece.value for piece in pieces), written, pieces, language)


def _members(text: str, at: int) -> dict[str, Value]:
    """The members of the object that begins here, which is known to be sound; of equal keys the last, as everywhere."""
    if text[at] != "{":
        raise ValueError("its parts are not where they belong")
    members: dict[str, Value] = {}
    at = _next(text, at + 1)
    while text[at] != "}":
        key = _value(text, at)
        value = _value(text, _next(text, _next(text, key.end) + 1))  # behind the colon
        members[key.value] = value
        at = _behind_comma(text, value.end)
    return members


def _items(text: str, at: int) -> list[Value]:
    """The items of the list that begins here, which is known to be sound."""
    if text[at] != "[":
        raise ValueError("its parts are not where they belong")
    items: list[Value] = []
    at = _next(text, at + 1)
    while text[at] != "]":
        items.append(_value(text, at))
        at = _behind_comma(text, items[-1].end)
    return items


def _behind_comma(text: str, at: int) -> int:
    at = _next(text, at)
    return _next(text, at + 1) if text[at] == "," else at


def _value(text: str, at: int) -> Value:
    value, end = _DECODER.raw_decode(text, at)
    return Value(value, at, end)


def _next(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


# --- writing ---------------------------------------------------------------------------------------------------


def _written(cell: RawCell, source: str, text: str) -> str:
    """The JSON of a source, in the form and with the spaces that the cell's has."""
    is_ascii = text.isascii() and _ESCAPED_LETTER.search(text) is not None
    if not isinstance(cell.written.value, list):
        return _string(source, is_ascii)
    lines = _lines(source)
    if not lines:
        return "[]"
    before, between, behind = _spaces(cell, text)
    return f"[{before}{between.join(_kept(cell.pieces, lines, text, is_ascii))}{behind}]"


def _kept(pieces: Sequence[Value], lines: Sequence[str], text: str, is_ascii: bool) -> list[str]:
    """The JSON of each line; a line that was there before is written as it was."""
    found = [_string(line, is_ascii) for line in lines]
    matcher = SequenceMatcher(None, [piece.value for piece in pieces], lines, autojunk=False)
    for block in matcher.get_matching_blocks():
        for offset in range(block.size):
            piece = pieces[block.a + offset]
            found[block.b + offset] = text[piece.start : piece.end]
    return found


def _spaces(cell: RawCell, text: str) -> tuple[str, str, str]:
    """What stands before, between and behind the strings of a list."""
    if not cell.pieces:
        return "", ", ", ""
    first, last = cell.pieces[0], cell.pieces[-1]
    before = text[cell.written.start + 1 : first.start]
    between = text[first.end : cell.pieces[1].start] if len(cell.pieces) > 1 else f",{before or ' '}"
    return before, between, text[last.end : cell.written.end - 1]


def _lines(source: str) -> list[str]:
    lines = source.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _string(value: str, is_ascii: bool) -> str:
    return json.dumps(value, ensure_ascii=is_ascii or _SURROGATE.search(value) is not None)
