"""Judging: the rules look at the events that a witness tells of one file, and say what they find."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from nnlint import catalog, editing
from nnlint.changes import Change
from nnlint.events import Event
from nnlint.finding import Edit, Finding
from nnlint.reading.notebook import NotPython
from nnlint.rule import Rule
from nnlint.source import Source, Span, Unreadable
from nnlint.values import TorchVersion

Words = tuple[bytes, ...]
FRAMEWORK_WORDS = ("torch", "accelerate", "deepspeed", "fastai", "ignite", "lightning", "transformers")


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of work: a file as a script, or `rest`: what is in it that no script reaches."""

    target: Path
    is_rest: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found in a piece of work; the findings are not located yet, and of whatever file they are about."""

    findings: tuple[Finding, ...] = ()
    errors: tuple[str, ...] = ()  # of nnlint itself
    unreadable: tuple[str, int, int] | None = None  # what is wrong with the file, in which line and column
    foreign: str = ""  # which other language it is in
    is_skipped: bool = False  # nothing in it is about training

    @property
    def is_unfinished(self) -> bool:
        """Nothing can be said of what was not found."""
        return bool(self.errors) or self.unreadable is not None


class Witness(Protocol):
    """Who tells the events of a file, and knows the texts that they speak of. Files go by the names in `Place.path`."""

    def targets(self) -> Sequence[Path]: ...

    def bytes(self, target: Path) -> bytes:
        """Raises `OSError`."""

    def mentions(self, target: Path, words: Words) -> bool:
        """Whether one of the words occurs in the file. Raises `OSError`."""
        data = self.bytes(target)
        return any(word in data for word in words)

    def torch(self, target: Path) -> TorchVersion:
        """The versions of torch that the file's project declares."""

    def events(self, target: Path) -> Iterable[Event]:
        """What happens when the file runs. Raises `Unreadable`."""

    def events_unreached(self, target: Path) -> Iterable[Event]:
        """What happens in the parts of the file that no target reached; asked when every target has run."""

    def source(self, path: str) -> Source:
        """Raises `Unreadable`."""

    def locate(self, source: Source, nodes: Iterable[int]) -> dict[int, Span]: ...

    def edits(self, source: Source, wanted: Sequence[Sequence[Change]]) -> Sequence[tuple[Edit, ...] | None]:
        """The text edits that each of several fixes makes in a file; None where they can not be made."""
        try:
            return editing.edits(source, wanted)
        except Unreadable:
            return [None] * len(wanted)

    def judgements(self, judge: Judge, pieces: Sequence[Piece]) -> Iterator[tuple[Piece, Judgement]]:
        """Have the pieces judged, in this order or another; all of them are of one kind."""
        for piece in pieces:
            yield piece, judge.judge(self, piece)


@dataclass(slots=True)
class Judge:
    """The rules of these codes."""

    codes: frozenset[str]
    _words: tuple[bytes, ...] = ()
    _rules: dict[TorchVersion, tuple[Rule, ...]] = field(default_factory=dict)
    _watching: dict[tuple[TorchVersion, type[Event]], tuple[Rule, ...]] = field(default_factory=dict)

    def judge(self, witness: Witness, piece: Piece) -> Judgement:
        """Run the rules over the events of one piece of work."""
        target = piece.target
        findings: dict[Finding, None] = {}  # what is done in a loop is told of each pass
        errors: list[str] = []
        unreadable = None
        try:
            if not witness.mentions(target, self._all_words()):
                return Judgement(is_skipped=True)
            torch = witness.torch(target)
            for event in witness.events_unreached(target) if piece.is_rest else witness.events(target):
                for rule in self._watching_for(torch, type(event)):
                    try:
                        findings.update(dict.fromkeys(rule.check(event)))
                    except Exception as error:
                        errors.append(internal_error(target, f"rule {rule.code}: ", error))
        except NotPython as error:
            return Judgement(foreign=error.message, is_skipped=True)
        except Unreadable as error:
            unreadable = (error.message, error.line, error.column)
        except OSError as error:
            unreadable = (f"cannot be read: {error.strerror}", 1, 1)
        except Exception as error:
            errors.append(internal_error(target, "", error))
        return Judgement(tuple(findings), tuple(dict.fromkeys(errors)), unreadable)

    def _all_words(self) -> Words:
        """The words of frameworks and of all rules, selected or not: a file without any of them can not matter."""
        if not self._words:
            words = {word for entry in catalog.entries() if entry.rule for word in entry.rule.words}
            self._words = tuple(word.encode() for word in (*FRAMEWORK_WORDS, *sorted(words)))
        return self._words

    def _watching_for(self, torch: TorchVersion, event: type[Event]) -> tuple[Rule, ...]:
        """The rules that watch events of a class."""
        known = self._watching.get((torch, event))
        if known is None:
            known = tuple(rule for rule in self._rules_for(torch) if issubclass(event, rule.watches))
            self._watching[torch, event] = known
        return known

    def _rules_for(self, torch: TorchVersion) -> tuple[Rule, ...]:
        if torch not in self._rules:
            self._rules[torch] = tuple(
                entry.rule(torch) for entry in catalog.entries() if entry.rule and entry.code in self.codes
            )
        return self._rules[torch]


def internal_error(target: Path, what: str, error: Exception) -> str:
    """What is said of an error of nnlint's own."""
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    message = f"internal error in {target}: {what}{reason}; please report"
    if os.environ.get("NNLINT_DEBUG"):
        message += "\n" + "".join(traceback.format_exception(error)).rstrip()
    return message
