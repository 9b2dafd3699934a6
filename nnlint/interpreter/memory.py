"""What the files of a program told when they were run, kept for as long as they would tell the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from nnlint.events import Event
from nnlint.program.journal import Journal
from nnlint.program.program import Program


class Reached:
    """The definitions that ran, by identity. `asked` is what was asked of it since `listen`, `added` what came."""

    def __init__(self) -> None:
        self._ids: set[int] = set()
        self.asked: dict[int, bool] = {}
        self.added: set[int] = set()

    def __contains__(self, definition: int) -> bool:
        found = definition in self._ids
        if definition not in self.added:
            self.asked.setdefault(definition, found)
        return found

    def add(self, definitions: Iterable[int]) -> None:
        self._ids.update(definitions)
        self.added.update(definitions)

    def listen(self) -> None:
        self.asked, self.added = {}, set()

    def agrees(self, asked: dict[int, bool]) -> bool:
        return all((definition in self._ids) is found for definition, found in asked.items())


@dataclass(frozen=True, slots=True)
class Told:
    """The events of a piece of work, what it reached, and all that it rests on."""

    events: tuple[Event, ...]
    journal: Journal
    asked: dict[int, bool]
    reached: frozenset[int]


class Memory:
    """Pieces of work by name."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._told: dict[tuple[str, Path], Told] = {}
        self.runs = 0  # how often something was run and not remembered

    def recall(
        self, name: tuple[str, Path], reached: Reached, work: Callable[[], Iterable[Event]]
    ) -> tuple[Event, ...]:
        """The events of the work, which is done again only where its end may be another one."""
        told = self._told.get(name)
        if told is None or not reached.agrees(told.asked) or not self._program.holds(told.journal):
            self.runs += 1
            self._told.pop(name, None)
            reached.listen()
            with self._program.recording() as journal:
                events = tuple(work())
            told = Told(events, journal, reached.asked, frozenset(reached.added))
            self._told[name] = told
        reached.add(told.reached)
        return told.events
