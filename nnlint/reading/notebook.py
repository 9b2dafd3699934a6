"""A notebook as one program: its code cells in order, line for line, with what only IPython understands taken out.

Given the cells `%matplotlib inline` and `x = load()`, the program is `pass  # %matplotlib inline` and `x = load()`.
"""

from __future__ import annotations

import bisect
import json
import re
from dataclasses import dataclass, replace

from nnlint.source import Place, Unreadable

_PYTHON_MAGICS = frozenset({"time", "timeit", "capture", "prun", "debug"})
"""Cell magics whose cell is Python all the same; see https://ipython.readthedocs.io/en/stable/interactive/magics.html."""
_LINE = re.compile(r"^(?P<indent>\s*)(?:%%?|!)|^(?P<help>\s*)\??[\w.]+\?{1,2}\s*$")
_SHELL = re.compile(r"^(?P<before>\s*[\w., ]+=\s*)(?:!|%)\S.*$")


@dataclass(frozen=True, slots=True)
class Notebook:
    """The program, and of each code cell its number among all cells, from 1, and the line where it begins."""

    path: str
    text: str
    cells: tuple[int, ...]
    starts: tuple[int, ...]

    @classmethod
    def read(cls, path: str, data: bytes) -> Notebook:
        """Raises `Unreadable`."""
        try:
            content = json.loads(data)
            cells = content["cells"] if "cells" in content else content["worksheets"][0]["cells"]  # nbformat 3
            sources = [
                (number, "".join(cell.get("source", cell.get("input", ""))))
                for number, cell in enumerate(cells, 1)
                if cell["cell_type"] == "code"
            ]
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise Unreadable(path, f"is no notebook: {type(error).__name__}: {error}") from error
        lines: list[str] = []
        starts = []
        for _, source in sources:
            starts.append(len(lines) + 1)
            lines += _plain(source)
        return cls(path, "\n".join(lines) + "\n", tuple(number for number, _ in sources), tuple(starts))

    def cell(self, place: Place) -> Place:
        """A place in the program as one in its cell."""
        if place.span is None or not self.starts:
            return place
        index = max(bisect.bisect_right(self.starts, place.span.line) - 1, 0)
        shift = self.starts[index] - 1
        span = replace(place.span, line=place.span.line - shift, end_line=place.span.end_line - shift)
        return replace(place, span=span, cell=self.cells[index])

    def text_of(self, cell: int) -> str:
        """The part of the program that a cell is."""
        index = self.cells.index(cell)
        lines = self.text.split("\n")
        end = self.starts[index + 1] - 1 if index + 1 < len(self.starts) else len(lines)
        return "\n".join(lines[self.starts[index] - 1 : end])


def _plain(source: str) -> list[str]:
    """The lines of a cell as Python."""
    lines = source.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if first.startswith("%%") and first[2:].split(" ")[0].strip() not in _PYTHON_MAGICS:
        return [f"# {line}" for line in lines]
    return [_plain_line(line) for line in lines]


def _plain_line(line: str) -> str:
    found = _LINE.match(line)
    if found is not None:
        return f"{found['indent'] or found['help'] or ''}pass  # {line.strip()}"
    found = _SHELL.match(line)
    return f"{found['before']}[]  # {line.strip()}" if found is not None else line
