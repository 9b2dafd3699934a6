"""The flow of a check: files, events, rules, places, suppression; and the `Report` that comes of it."""

from __future__ import annotations

import contextlib
import itertools
import os
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Protocol

from nnlint import catalog
from nnlint.config import Settings
from nnlint.events import Event
from nnlint.finding import Confidence, Edit, Finding, Step
from nnlint.housekeeping import UnreadableFile
from nnlint.program.project import NOTEBOOK
from nnlint.reading.notebook import NotPython
from nnlint.rule import Rule
from nnlint.source import Place, Source, Span, Unreadable
from nnlint.suppress import suppress
from nnlint.values import TorchVersion

FRAMEWORK_WORDS = ("torch", "accelerate", "deepspeed", "fastai", "ignite", "lightning", "transformers")
_START = Span(1, 1, 1, 1)


class Witness(Protocol):
    """Who tells the events of a file, and knows the texts that they speak of. Files go by the names in `Place.path`."""

    def targets(self) -> Sequence[Path]: ...

    def bytes(self, target: Path) -> bytes:
        """Raises `OSError`."""

    def torch(self, target: Path) -> TorchVersion:
        """The versions of torch that the file's project declares."""

    def events(self, target: Path) -> Iterable[Event]:
        """What happens when the file runs. Raises `Unreadable`."""

    def events_unreached(self, target: Path) -> Iterable[Event]:
        """What happens in the parts of the file that no target reached; asked when every target has run."""

    def source(self, path: str) -> Source:
        """Raises `Unreadable`."""

    def locate(self, source: Source, nodes: Iterable[int]) -> dict[int, Span]: ...


@dataclass(frozen=True, slots=True)
class Report:
    """What was found. `errors` are nnlint's own, one for each file that it could not finish; `notes` may be ignored."""

    findings: tuple[Finding, ...] = ()
    errors: tuple[str, ...] = ()
    files: int = 0
    sources: Mapping[str, Source] = field(default_factory=dict)  # of the places in the findings, by path (and cell)
    notes: tuple[str, ...] = ()  # worth saying, and no reason to fail

    def source(self, place: Place) -> Source | None:
        """The text that a place is in."""
        return self.sources.get(place.path if place.cell is None else cell_name(place.path, place.cell))


def cell_name(path: str, cell: int) -> str:
    """The name in `Report.sources` of a notebook's cell."""
    return f"{path}:cell {cell}"


def check(
    paths: Sequence[Path],
    settings: Settings,
    *,
    progress: Callable[[int, int], None] | None = None,
    stdin: tuple[str, bytes] | None = None,
    project: Path | None = None,
    witness: Witness | None = None,
) -> Report:
    """Check the files and folders, or the text of `stdin` under its name.

    `project` is the root that they belong to, if it is known. The interpreter is the witness unless another is given.
    """
    return in_cells(check_programs(paths, settings, progress=progress, stdin=stdin, project=project, witness=witness))


def check_programs(
    paths: Sequence[Path],
    settings: Settings,
    *,
    progress: Callable[[int, int], None] | None = None,
    stdin: tuple[str, bytes] | None = None,
    project: Path | None = None,
    witness: Witness | None = None,
) -> Report:
    """As `check`, but what is found in notebooks stands at the lines of the programs that they are."""
    if witness is None:
        from nnlint.foretelling import Foretelling

        witness = Foretelling(paths, settings, stdin, project)
    targets = sorted(witness.targets(), key=str)
    bench = _Bench(witness, settings, {_key(target): target for target in targets})
    for number, (told, target) in enumerate(itertools.product((witness.events, witness.events_unreached), targets)):
        bench.judge(target, told)
        if progress is not None:
            progress(number + 1, 2 * len(targets))
    findings = [finding for target in targets for finding in bench.findings_in(target)]
    findings.sort(key=_order)
    named = {_key(path) for path in paths} | ({_key(stdin[0])} if stdin else set())
    notes = [f"{target} {reason}" for target, reason in bench.foreign.items() if _key(target) in named]
    return Report(tuple(findings), tuple(bench.errors), len(targets), bench.sources, tuple(notes))


def in_cells(report: Report) -> Report:
    """The report with the places in notebooks told by cell."""
    sources = {path: source for path, source in report.sources.items() if source.cells is None}

    def in_cell(place: Place) -> Place:
        source = report.sources.get(place.path)
        if source is None or source.cells is None:
            return place
        moved = source.cells.place(place)
        if moved.cell is not None:
            name = cell_name(place.path, moved.cell)
            sources[name] = Source(name, source.cells.text_of(moved.cell))
        return moved

    findings = tuple(_moved(finding, in_cell) for finding in report.findings)
    return replace(report, findings=findings, sources=sources)


@dataclass(slots=True)
class _Bench:
    """Where the events of all targets are judged; findings gather by the file that they are about."""

    witness: Witness
    settings: Settings
    targets: dict[str, Path]
    errors: list[str] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)
    found: dict[str, list[Finding]] = field(default_factory=lambda: defaultdict(list))
    skipped: set[Path] = field(default_factory=set)  # nothing in them is about training
    foreign: dict[Path, str] = field(default_factory=dict)  # they are in another language
    unfinished: set[Path] = field(default_factory=set)  # nothing can be said of what was not found in them
    rules: dict[TorchVersion, tuple[Rule, ...]] = field(default_factory=dict)

    def judge(self, target: Path, told: Callable[[Path], Iterable[Event]]) -> None:
        """Run the rules over the events that are told of one file."""
        if target in self.skipped or target in self.unfinished:
            return
        try:
            if not _matters(self.witness.bytes(target)):
                self.skipped.add(target)
                return
            rules = self._rules_for(self.witness.torch(target))
            for event in told(target):
                for rule in rules:
                    if isinstance(event, rule.watches):
                        self._apply(rule, event, target)
        except NotPython as error:
            self.skipped.add(target)
            self.foreign[target] = error.message
        except Unreadable as error:
            self._unreadable(target, error.message, error.line, error.column)
        except OSError as error:
            self._unreadable(target, f"cannot be read: {error.strerror}", 1, 1)
        except Exception as error:
            self._broken(target, "", error)

    def findings_in(self, target: Path) -> list[Finding]:
        """The findings about one file: located, each said once, less what is suppressed."""
        try:
            self._look_for_unfinished_cells(target)
            ignored = self.settings.codes_ignored_in(target)
            findings = [finding for finding in self.found[_key(target)] if finding.code not in ignored]
            findings = _surest(self._located(findings))
            if findings or b"nnlint:" in self.witness.bytes(target):
                checked = set() if target in self.unfinished else self.settings.codes() - ignored
                source = self._source(str(target))
                return suppress(source, findings, checked) if source else findings
        except (OSError, Unreadable):
            pass
        except Exception as error:
            self._broken(target, "", error)
        return []

    def _look_for_unfinished_cells(self, target: Path) -> None:
        is_read = target.suffix == NOTEBOOK and target not in self.skipped
        source = self._source(str(target)) if is_read else None
        for error in source.cells.unfinished if source and source.cells else ():
            self._unreadable(target, error.message, error.line, error.column)

    def _rules_for(self, torch: TorchVersion) -> tuple[Rule, ...]:
        if torch not in self.rules:
            codes = self.settings.codes()
            self.rules[torch] = tuple(
                entry.rule(torch) for entry in catalog.entries() if entry.rule and entry.code in codes
            )
        return self.rules[torch]

    def _apply(self, rule: Rule, event: Event, target: Path) -> None:
        try:
            for finding in rule.check(event):
                if _key(finding.place.path) in self.targets:
                    self.found[_key(finding.place.path)].append(finding)
        except Exception as error:
            self._broken(target, f"rule {rule.code}: ", error)

    def _unreadable(self, target: Path, message: str, line: int, column: int) -> None:
        self.unfinished.add(target)
        if UnreadableFile.code in self.settings.codes():
            place = Place(str(target), span=Span(line, column, line, column + 1))
            rule = UnreadableFile
            self.found[_key(target)].append(
                Finding(rule.code, rule.name, rule.severity, Confidence.CERTAIN, message, place)
            )

    def _broken(self, target: Path, what: str, error: Exception) -> None:
        self.unfinished.add(target)
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        message = f"internal error in {target}: {what}{reason}; please report"
        if os.environ.get("NNLINT_DEBUG"):
            message += "\n" + "".join(traceback.format_exception(error)).rstrip()
        if message not in self.errors:
            self.errors.append(message)

    def _source(self, path: str) -> Source | None:
        """The text of a file that a finding speaks of, under the name that it is shown by."""
        name = self._name(path)
        if name not in self.sources:
            try:
                self.sources[name] = replace(self.witness.source(path), path=name)
            except Unreadable:
                return None
        return self.sources[name]

    def _name(self, path: str) -> str:
        target = self.targets.get(_key(path))
        return _shown(path) if target is None else str(target)

    def _located(self, findings: list[Finding]) -> list[Finding]:
        """The findings with every place in them located and shown by its name; each file is looked through once."""
        wanted: dict[str, set[int]] = defaultdict(set)
        for finding in findings:
            for place in _places(finding):
                wanted[place.path].update([place.node] if place.span is None else [])
        spans: dict[tuple[str, int], Span] = {}
        for path, nodes in sorted(wanted.items()):
            source = self._source(path)
            if source is not None and nodes:
                with contextlib.suppress(Unreadable):  # better a finding without its line than none
                    spans |= {(path, node): span for node, span in self.witness.locate(source, nodes).items()}

        def located(place: Place) -> Place:
            span = place.span or spans.get((place.path, place.node), _START)
            return Place(self._name(place.path), place.node, span)

        return [_moved(finding, located) for finding in findings]


def _matters(data: bytes) -> bool:
    """Whether a word of a framework or of any rule, selected or not, occurs in the file."""
    return any(word in data for word in _words())


@cache
def _words() -> tuple[bytes, ...]:
    words = {word for entry in catalog.entries() if entry.rule for word in entry.rule.words}
    return tuple(word.encode() for word in (*FRAMEWORK_WORDS, *sorted(words)))


def _places(finding: Finding) -> list[Place]:
    edits = finding.fix.edits if finding.fix else ()
    ground = [finding.ground] if finding.ground else []
    return [finding.place, *ground, *(step.place for step in finding.trail), *(edit.place for edit in edits)]


def _moved(finding: Finding, located: Callable[[Place], Place]) -> Finding:
    trail = tuple(Step(located(step.place), step.message) for step in finding.trail)
    fix = finding.fix
    if fix is not None:
        fix = replace(fix, edits=tuple(Edit(located(edit.place), edit.text) for edit in fix.edits))
    ground = located(finding.ground) if finding.ground else None
    return replace(finding, place=located(finding.place), trail=trail, fix=fix, ground=ground)


def _surest(findings: Iterable[Finding]) -> list[Finding]:
    """One finding for each rule and span, the most confident; of equals the first."""
    best: dict[tuple[str, Span | None], Finding] = {}
    for finding in findings:
        key = (finding.code, finding.place.span)
        if key not in best or _doubt(finding) < _doubt(best[key]):
            best[key] = finding
    return list(best.values())


def _doubt(finding: Finding) -> int:
    return list(Confidence).index(finding.confidence)


def _order(finding: Finding) -> tuple[str, Span, str, str]:
    return finding.place.path, finding.place.span or _START, finding.code, finding.message


def _key(path: Path | str) -> str:
    """One name for a file, however it is written."""
    return os.path.realpath(path)


def _shown(path: str) -> str:
    """The path of a file that was not asked for: inside the working folder relative to it."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative
