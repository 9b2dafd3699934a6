"""The flow of a check: files, events, rules, places, suppression; and the `Report` that comes of it."""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nnlint import editing
from nnlint.changes import Change
from nnlint.config import Settings, SettingsOf
from nnlint.finding import Confidence, Edit, Finding, Fix, Severity, Step
from nnlint.housekeeping import UnreadableFile
from nnlint.judging import Judge, Judgement, Piece, Witness, internal_error
from nnlint.program.project import NOTEBOOK
from nnlint.source import Place, Source, Span, Unreadable
from nnlint.suppression import suppress

_START = Span(1, 1, 1, 1)


@dataclass(frozen=True, slots=True)
class Report:
    """What was found. `errors` are nnlint's own, one for each file that it could not finish; `notes` may be ignored."""

    findings: tuple[Finding, ...] = ()
    errors: tuple[str, ...] = ()
    files: int = 0
    sources: Mapping[str, Source] = field(default_factory=dict)  # of the places in the findings, by path (and cell)
    checked: Mapping[str, frozenset[str]] = field(default_factory=dict)  # what was looked for in each file, by path
    held_back: int = 0  # findings that a baseline knows
    notes: tuple[str, ...] = ()  # worth saying, and no reason to fail

    def source(self, place: Place) -> Source | None:
        """The text that a place is in."""
        return self.sources.get(place.path if place.cell is None else cell_name(place.path, place.cell))


def cell_name(path: str, cell: int) -> str:
    """The name in `Report.sources` of a notebook's cell."""
    return f"{path}:cell {cell}"


def check(
    paths: Sequence[Path],
    settings: SettingsOf,
    *,
    progress: Callable[[int, int], None] | None = None,
    stdin: tuple[str, bytes] | None = None,
    project: Path | None = None,
    unsaved: Mapping[Path, bytes] | None = None,
    witness: Witness | None = None,
    workers: int = 1,
) -> Report:
    """Check the files and folders, or the text of `stdin` under its name.

    Each finding meets the settings of the file that it is about. `project` is the root that they belong to, if it is
    known, `unsaved` what stands for the content of files. The interpreter is the witness unless another is given; where
    there is much to do, up to so many `workers` run side by side.
    """
    return in_cells(
        check_programs(
            paths,
            settings,
            progress=progress,
            stdin=stdin,
            project=project,
            unsaved=unsaved,
            witness=witness,
            workers=workers,
        )
    )


def check_programs(
    paths: Sequence[Path],
    settings: SettingsOf,
    *,
    progress: Callable[[int, int], None] | None = None,
    stdin: tuple[str, bytes] | None = None,
    project: Path | None = None,
    unsaved: Mapping[Path, bytes] | None = None,
    witness: Witness | None = None,
    workers: int = 1,
) -> Report:
    """As `check`, but what is found in notebooks stands at the lines of the programs that they are."""
    if witness is None:
        from nnlint.foretelling import Foretelling

        foretelling = Foretelling(paths, settings, stdin, project, unsaved, workers)
        try:
            return check_programs(paths, settings, progress=progress, stdin=stdin, witness=foretelling)
        finally:
            foretelling.close()
    targets = sorted(witness.targets(), key=str)
    keys = _Keys()
    held = _held(targets, settings, keys)
    bench = _Bench(witness, keys, {keys[target]: target for target in targets}, held)
    judge = Judge(frozenset().union(*(each.codes for each in held.values())))
    for is_rest in (False, True):
        pieces = [Piece(target, is_rest) for target in targets if not bench.is_done_with(target)]
        done = is_rest * len(targets) + (len(targets) - len(pieces))
        judged: dict[Piece, Judgement] = {}
        for piece, judgement in witness.judgements(judge, pieces):
            judged[piece] = judgement
            if progress is not None:
                progress(done + len(judged), 2 * len(targets))
        for piece in pieces:  # in this order, however they came
            bench.take(piece.target, judged[piece])
    findings = bench.with_edits([finding for target in targets for finding in bench.findings_in(target)])
    findings.sort(key=_order)
    named = {keys[path] for path in paths} | ({keys[stdin[0]]} if stdin else set())
    notes = [f"{target} {reason}" for target, reason in bench.foreign.items() if keys[target] in named]
    return Report(tuple(findings), tuple(bench.errors), len(targets), bench.sources, bench.checked, notes=tuple(notes))


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
    keys: _Keys
    targets: dict[str, Path]
    held: dict[str, _Held]
    errors: list[str] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)
    found: dict[str, list[Finding]] = field(default_factory=lambda: defaultdict(list))
    skipped: set[Path] = field(default_factory=set)  # nothing in them is about training
    foreign: dict[Path, str] = field(default_factory=dict)  # they are in another language
    unfinished: set[Path] = field(default_factory=set)  # nothing can be said of what was not found in them
    checked: dict[str, frozenset[str]] = field(default_factory=dict)

    def is_done_with(self, target: Path) -> bool:
        """Whether nothing is to be looked for in a file any more."""
        return target in self.skipped or target in self.unfinished

    def take(self, target: Path, judgement: Judgement) -> None:
        """Sort what was found by the files that it is about."""
        if judgement.is_skipped:
            self.skipped.add(target)
        if judgement.foreign:
            self.foreign[target] = judgement.foreign
        if judgement.unreadable is not None:
            self._unreadable(target, *judgement.unreadable)
        if judgement.errors:
            self.unfinished.add(target)
            self.errors += [error for error in judgement.errors if error not in self.errors]
        for finding in judgement.findings:
            about = self.keys[finding.place.path]
            if about in self.targets and finding.code in self.held[about].codes:
                self.found[about].append(finding)

    def findings_in(self, target: Path) -> list[Finding]:
        """The findings about one file: located, each said once, less what is suppressed."""
        try:
            self._look_for_unfinished_cells(target)
            held = self.held[self.keys[target]]
            ignored = held.settings.codes_ignored_in(target)
            checked = frozenset[str]() if target in self.unfinished else held.codes - ignored
            self.checked[str(target)] = checked
            findings = [finding for finding in self.found[self.keys[target]] if finding.code not in ignored]
            findings = _surest(self._located(findings))
            if findings or b"nnlint" in self.witness.bytes(target):
                source = self._source(str(target))
                findings = suppress(source, findings, checked) if source else findings
                return [held.graded(finding) for finding in findings if held.settings.shows(finding)]
        except (OSError, Unreadable):
            pass
        except Exception as error:
            self.unfinished.add(target)
            self.errors.append(internal_error(target, "", error))
        return []

    def with_edits(self, findings: list[Finding]) -> list[Finding]:
        """The findings with the text edits of their fixes; each file that is to be edited is parsed once."""
        files: dict[str, list[tuple[int, list[Change]]]] = defaultdict(list)
        for number, finding in enumerate(findings):
            for path, changes in editing.by_file(finding.fix.changes if finding.fix else ()).items():
                files[path].append((number, changes))
        made: dict[int, tuple[Edit, ...] | None] = {}
        for path, wanted in files.items():
            for (number, _), edits in zip(wanted, self._edits(path, [changes for _, changes in wanted]), strict=True):
                before = made.get(number, ())
                made[number] = None if edits is None or before is None else (*before, *edits)
        return [
            _fixable(finding, made[number]) if number in made else finding for number, finding in enumerate(findings)
        ]

    def _edits(self, path: str, wanted: list[list[Change]]) -> Sequence[tuple[Edit, ...] | None]:
        source = self._source(path)
        return self.witness.edits(source, wanted) if source is not None else [None] * len(wanted)

    def _look_for_unfinished_cells(self, target: Path) -> None:
        is_read = target.suffix == NOTEBOOK and target not in self.skipped
        source = self._source(str(target)) if is_read else None
        for error in source.cells.unfinished if source and source.cells else ():
            self._unreadable(target, error.message, error.line, error.column)

    def _unreadable(self, target: Path, message: str, line: int, column: int) -> None:
        self.unfinished.add(target)
        if UnreadableFile.code in self.held[self.keys[target]].codes:
            place = Place(str(target), span=Span(line, column, line, column + 1))
            rule = UnreadableFile
            self.found[self.keys[target]].append(
                Finding(rule.code, rule.name, rule.severity, Confidence.CERTAIN, message, place)
            )

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
        target = self.targets.get(self.keys[path])
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


@dataclass(frozen=True, slots=True)
class _Held:
    """What holds for a file."""

    settings: Settings
    codes: frozenset[str]
    severities: Mapping[str, Severity]

    def graded(self, finding: Finding) -> Finding:
        """The finding with the severity that the settings say."""
        severity = self.severities.get(finding.code)
        return finding if severity is None else replace(finding, severity=severity)


def _held(targets: Iterable[Path], settings: SettingsOf, keys: _Keys) -> dict[str, _Held]:
    held: dict[str, _Held] = {}
    known: dict[int, _Held] = {}  # most files share theirs
    for target in targets:
        own = settings.of(target)
        if id(own) not in known:
            rules = own.rules()
            codes = frozenset(code for code, rule in rules.items() if rule.is_on)
            severities = {code: rule.severity for code, rule in rules.items() if rule.severity is not None}
            known[id(own)] = _Held(own, codes, severities)
        held[keys[target]] = known[id(own)]
    return held


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


def _fixable(finding: Finding, edits: tuple[Edit, ...] | None) -> Finding:
    if finding.fix is None or not edits:
        return replace(finding, fix=None)
    return replace(finding, fix=Fix(finding.fix.title, finding.fix.safety, edits=(*finding.fix.edits, *edits)))


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


class _Keys(dict[Path | str, str]):
    """One name for a file, however it is written."""

    def __missing__(self, path: Path | str) -> str:
        self[path] = found = os.path.realpath(path)
        return found


def _shown(path: str) -> str:
    """The path of a file that was not asked for: inside the working folder relative to it."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative
