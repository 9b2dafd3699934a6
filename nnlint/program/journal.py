"""What a piece of work asked of a program, by which it is known whether the same work would have the same end now."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path

Query = tuple[Hashable, ...]


@dataclass(slots=True)
class Journal:
    """The files whose content mattered, by path, and the answers to questions about the whole project.

    `modules` were imported: what running them asked stands in journals of their own.
    """

    files: set[str] = field(default_factory=set)
    answers: dict[Query, object] = field(default_factory=dict)
    modules: set[Path] = field(default_factory=set)

    def add(self, other: Journal) -> None:
        self.files |= other.files
        self.answers.update(other.answers)
