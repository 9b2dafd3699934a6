"""What pieces of work on a program came to, kept for as long as they would come to the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from nnlint.program.journal import Journal
from nnlint.program.program import Program

Definition = tuple[str, int]
"""A function or class: its file, and the number of its node there."""
Name = tuple[bool, Path]
"""A piece of work: a file, and whether what no script reaches is meant."""
Result = TypeVar("Result")


class Reached:
    """The definitions that ran in scripts, and of those that ran in the piece of work at hand which (`own`).

    `asked` is what that piece asked of what scripts did.
    """

    def __init__(self) -> None:
        self._by_scripts: set[Definition] = set()
        self.own: set[Definition] = set()
        self.asked: dict[Definition, bool] = {}

    def __contains__(self, definition: Definition) -> bool:
        if definition in self.own:
            return True
        found = definition in self._by_scripts
        self.asked[definition] = found
        return found

    def listen(self) -> None:
        """Another piece of work begins."""
        self.own, self.asked = set(), {}

    @property
    def by_scripts(self) -> frozenset[Definition]:
        return frozenset(self._by_scripts)

    def by_script(self, definitions: Iterable[Definition]) -> None:
        self._by_scripts.update(definitions)

    def agrees(self, asked: dict[Definition, bool]) -> bool:
        return all((definition in self._by_scripts) is found for definition, found in asked.items())


@dataclass(frozen=True, slots=True)
class Told(Generic[Result]):
    """The result of a piece of work, what it reached, and all that it rests on."""

    result: Result
    journal: Journal
    asked: dict[Definition, bool]
    reached: frozenset[Definition]


class Memory(Generic[Result]):
    """Pieces of work by name."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._told: dict[Name, Told[Result]] = {}
        self.runs = 0  # how often something was run and not remembered

    def known(self, name: Name, reached: Reached) -> Told[Result] | None:
        """What is remembered of a piece of work, if it would come to the same now."""
        told = self._told.get(name)
        if told is None or not reached.agrees(told.asked) or not self._program.would_answer(told.journal.answers):
            return None
        return told

    def forget(self, changed: Iterable[Path]) -> None:
        """These files are not what they were: nor is what rests on them."""
        files = {str(path) for path in changed}
        self._told = {name: told for name, told in self._told.items() if files.isdisjoint(told.journal.files)}

    def all(self) -> dict[Name, Told[Result]]:
        return self._told

    def keep(self, name: Name, told: Told[Result]) -> None:
        """Remember what came of a piece of work that was done elsewhere."""
        self._told[name] = told

    def recall(
        self,
        name: Name,
        reached: Reached,
        work: Callable[[], Result],
        close: Callable[[Journal], frozenset[Definition]],
    ) -> Told[Result]:
        """What the work came to, which is done again only where its end may be another one.

        `close` completes a journal by what imported modules asked, and says what these reached.
        """
        told = self.known(name, reached)
        if told is None:
            self.runs += 1
            self._told.pop(name, None)
            reached.listen()
            with self._program.recording() as journal:
                result = work()
            by_imports = close(journal)
            told = Told(result, journal, reached.asked, by_imports.union(reached.own))
            self._told[name] = told
        return told
