"""Fixes are made in rounds until nothing changes, and each round is proved by another check.

In a round those fixes are made together whose edits do not touch. The check that follows must not find again what they
mend, and nothing new; where it does, the fixes to blame are taken back, found by halving where no other way tells them
apart.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nnlint.engine import Report
from nnlint.finding import Finding, Safety
from nnlint.fixing.contents import CanNotEdit, Content
from nnlint.fixing.splicing import Splicing, Stretch, stretch
from nnlint.source import Place, Unreadable, line_starts

MOST_ROUNDS = 30
Texts = dict[Path, bytes]


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A fix that was not made, and why."""

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True)
class Fixed:
    """What became of the fixes: `before` and `after` hold the files that change."""

    report: Report
    before: Mapping[Path, bytes] = field(default_factory=dict)
    after: Mapping[Path, bytes] = field(default_factory=dict)
    made: tuple[Finding, ...] = ()
    taken_back: tuple[TakenBack, ...] = ()
    together: tuple[frozenset[Path], ...] = ()  # the files of each fix


def fix(
    check: Callable[[Texts], Report],
    *,
    read: Callable[[Path], bytes] = Path.read_bytes,
    unsafe: bool = False,
    only: Collection[Path] | None = None,
) -> Fixed:
    """Make the safe fixes, and on request the unsafe ones.

    `check` checks all with these contents in the place of the files', `read` reads a file; `only` are the files that
    may change, by their absolute paths.
    """
    return _Workshop(check, read, unsafe, only).run()


class _Workshop:
    def __init__(
        self,
        check: Callable[[Texts], Report],
        read: Callable[[Path], bytes],
        unsafe: bool,
        only: Collection[Path] | None,
    ) -> None:
        self._check = check
        self._only = only
        self._read = read
        self._unsafe = unsafe
        self._before: Texts = {}
        self._texts: Texts = {}
        self._made: list[Finding] = []
        self._taken_back: dict[tuple[str, ...], TakenBack] = {}
        self._together: list[frozenset[Path]] = []
        self._report = check({})

    def run(self) -> Fixed:
        for _ in range(MOST_ROUNDS):
            chosen = self._chosen()
            if not chosen:
                break
            self._settle(chosen)
        after = {path: data for path, data in self._texts.items() if data != self._before[path]}
        return Fixed(
            self._report,
            {path: self._before[path] for path in after},
            after,
            tuple(self._made),
            tuple(self._taken_back.values()),
            tuple(self._together),
        )

    def _chosen(self) -> list[Finding]:
        """Findings whose fixes can be made together."""
        chosen: list[Finding] = []
        taken: dict[Path, list[Stretch]] = {}
        for finding in self._report.findings:
            if not self._is_wanted(finding):
                continue
            try:
                wanted = self._stretches(finding)
            except (CanNotEdit, Unreadable, OSError) as error:
                self._take_back(finding, str(error))
                continue
            if not any(
                one.meets(other) for path, mine in wanted.items() for one in mine for other in taken.get(path, ())
            ):
                chosen.append(finding)
                for path, mine in wanted.items():
                    taken.setdefault(path, []).extend(mine)
        return chosen

    def _is_wanted(self, finding: Finding) -> bool:
        fix = finding.fix
        if fix is None or not fix.edits or self._key(finding) in self._taken_back:
            return False
        if self._only is not None and not _files(finding) <= set(self._only):
            return False
        return self._unsafe or fix.safety is Safety.SAFE

    def _stretches(self, finding: Finding) -> dict[Path, list[Stretch]]:
        found: dict[Path, list[Stretch]] = {}
        for edit in finding.fix.edits if finding.fix else ():
            path = _path(edit.place)
            text = self._content(path).text
            source = self._report.source(edit.place)
            if source is None or source.text != text:
                raise CanNotEdit("the file has changed meanwhile")
            found.setdefault(path, []).append(stretch(edit, line_starts(text)))
        return found

    def _content(self, path: Path) -> Content:
        if path not in self._before:
            self._before[path] = self._read(path)
        return Content.of(str(path), self._texts.get(path, self._before[path]))

    def _settle(self, chosen: Sequence[Finding]) -> None:
        """Make these fixes; those that do not prove good are taken back."""
        if not chosen:
            return
        splicings, texts = self._made_of(chosen)
        report = self._check({**self._texts, **texts})
        bad = _to_blame(chosen, self._report, report, splicings)
        if not bad:
            self._texts |= texts
            self._report = report
            self._made += chosen
            self._together += [frozenset(_files(finding)) for finding in chosen]
            return
        if len(chosen) == 1:
            self._take_back(chosen[0], next(iter(bad.values())))
            return
        rest = [finding for number, finding in enumerate(chosen) if number not in bad]
        if rest:
            self._again(rest)
            self._again([chosen[number] for number in bad])
        else:
            middle = len(chosen) // 2
            self._again(chosen[:middle])
            self._again(chosen[middle:])

    def _again(self, findings: Sequence[Finding]) -> None:
        """The fixes of these findings, as they are by now: other edits have moved them."""
        keys = [self._key(finding) for finding in findings]
        self._settle(
            [finding for finding in self._report.findings if self._is_wanted(finding) and self._key(finding) in keys]
        )

    def _made_of(self, chosen: Sequence[Finding]) -> tuple[dict[Path, Splicing], Texts]:
        edits = {edit: None for finding in chosen for edit in (finding.fix.edits if finding.fix else ())}
        splicings: dict[Path, Splicing] = {}
        texts: Texts = {}
        for path in {_path(edit.place) for edit in edits}:
            content = self._content(path)
            splicings[path] = Splicing(content.text, [edit for edit in edits if _path(edit.place) == path])
            texts[path] = content.with_text(splicings[path].after)
        return splicings, texts

    def _take_back(self, finding: Finding, reason: str) -> None:
        self._taken_back[self._key(finding)] = TakenBack(finding, reason)

    def _key(self, finding: Finding) -> tuple[str, ...]:
        """What a finding goes by while edits move it."""
        source = self._report.source(finding.place)
        span = finding.place.span
        lines = source.text.splitlines() if source else []
        line = lines[span.line - 1] if span and span.line <= len(lines) else ""
        title = finding.fix.title if finding.fix else ""
        return finding.code, finding.place.path, str(finding.place.cell), finding.message, title, line.strip()


def _to_blame(
    chosen: Sequence[Finding], before: Report, after: Report, splicings: Mapping[Path, Splicing]
) -> dict[int, str]:
    """The fixes, by number, that have not removed their finding or have brought another; with the reason."""
    moved = {(finding.code, _moved(finding.place, splicings)) for finding in before.findings}
    bad: dict[int, str] = {}
    for number, finding in enumerate(chosen):
        place = _moved(finding.place, splicings)
        if any(other.code == finding.code and _same(other.place, place) for other in after.findings):
            bad[number] = "it does not remove the finding"
    for other in after.findings:
        if not any(code == other.code and _same(other.place, place) for code, place in moved):
            files = {_path(place) for place in (other.place, *(step.place for step in other.trail))}
            blamed = [number for number, finding in enumerate(chosen) if files & _files(finding)]
            for number in blamed or range(len(chosen)):
                bad.setdefault(number, f"it brings {other.code} at {_shown(other.place)}: {other.message}")
    for error in after.errors:
        if error not in before.errors:
            bad |= {number: error for number in range(len(chosen)) if number not in bad}
    return bad


def _files(finding: Finding) -> set[Path]:
    return {_path(edit.place) for edit in (finding.fix.edits if finding.fix else ())}


def _path(place: Place) -> Path:
    return Path(os.path.abspath(place.path))


def _moved(place: Place, splicings: Mapping[Path, Splicing]) -> Place:
    splicing = splicings.get(_path(place))
    return place if splicing is None or place.span is None else place.located(splicing.moved(place.span))


def _same(one: Place, other: Place) -> bool:
    """Whether two findings are about the same text: their spans meet."""
    if one.path != other.path or one.cell != other.cell or one.span is None or other.span is None:
        return False
    first, second = one.span, other.span
    return (first.line, first.column) < (second.end_line, second.end_column + 1) and (second.line, second.column) < (
        first.end_line,
        first.end_column + 1,
    )


def _shown(place: Place) -> str:
    return f"{place.path}:{place.span.line}" if place.span else place.path
