"""Where a place stands for tools outside: in a file of the repository, by the lines of the file itself.

Inside of a notebook a place has a cell and a line of it; these tools know the lines of the JSON.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from nnlint.source import Place, Span

ROOTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")


@dataclass(frozen=True, slots=True)
class Spot:
    """A stretch of a file. The path has forward slashes; columns are None where they are not those of the file."""

    path: str
    line: int
    end_line: int
    column: int | None
    end_column: int | None

    @property
    def is_relative(self) -> bool:
        return not os.path.isabs(self.path)


class Spots:
    """Looks places up; each line of a notebook once."""

    def __init__(self) -> None:
        self.root = root()
        self._lines: dict[tuple[str, int, int], int] = {}

    def find(self, place: Place) -> Spot:
        span = place.span or Span(1, 1, 1, 1)
        path = self._path(place.path)
        if place.cell is None:
            return Spot(path, span.line, span.end_line, span.column, span.end_column)
        first = self._line(place.path, place.cell, span.line)
        last = self._line(place.path, place.cell, span.end_line)
        return Spot(path, first, max(first, last), None, None)

    def _path(self, path: str) -> str:
        absolute = Path(os.path.abspath(path))
        return (absolute.relative_to(self.root) if absolute.is_relative_to(self.root) else absolute).as_posix()

    def _line(self, path: str, cell: int, line: int) -> int:
        from nnlint.reading.notebook_text import file_line

        key = path, cell, line
        if key not in self._lines:
            try:
                self._lines[key] = file_line(Path(path).read_bytes(), cell, line)
            except OSError:  # it was read from standard input
                self._lines[key] = 1
        return self._lines[key]


def root() -> Path:
    """The folder that paths are relative to: of the repository, where a CI system names it, else the working folder."""
    here = Path.cwd()
    for variable in ROOTS:
        folder = os.environ.get(variable)
        if folder and here.is_relative_to(os.path.realpath(folder)):
            return Path(os.path.realpath(folder))
    return here
