"""What a run has shown of the findings: it stands for as long as the code stands that was run."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from nnlint.engine import Report
from nnlint.finding import Finding, Verdict
from nnlint.probe.probing import ALONE, Probed
from nnlint.program.project import NOTEBOOK


@dataclass(frozen=True)
class Judged:
    """The findings of a run, and the texts of the files that they are about."""

    report: Report
    texts: Mapping[Path, bytes | None]

    @classmethod
    def by(cls, probed: Probed, opened: Mapping[Path, bytes]) -> Judged:
        """What was run is what the files hold, and of a notebook that is `opened` its cells."""
        findings = tuple(finding for finding in probed.report.findings if finding.verdict is not None)
        ran = {path: data for path, data in opened.items() if path.suffix == NOTEBOOK}
        files = {path for finding in findings for path in _files(finding)}
        return cls(replace(probed.report, findings=findings), {path: text(ran, path) for path in files})

    def onto(self, report: Report, opened: Mapping[Path, bytes]) -> Report:
        """The report with the verdicts that still stand, and with what only the run has shown."""
        changed = {path for path, ran in self.texts.items() if text(opened, path) != ran}
        standing = {_key(each): each for each in self.report.findings if changed.isdisjoint(_files(each))}
        findings = [_with(finding, standing.pop(_key(finding), None)) for finding in report.findings]
        findings += [finding for finding in standing.values() if _verdict(finding).evidence.startswith(ALONE)]
        return replace(report, findings=tuple(findings), sources={**self.report.sources, **report.sources})

    def told(self) -> str:
        """How many findings got which verdict."""
        statuses = [_verdict(finding).status for finding in self.report.findings]
        return ", ".join(f"{statuses.count(status)} {status}" for status in dict.fromkeys(statuses))


def text(opened: Mapping[Path, bytes], path: Path) -> bytes | None:
    """What a file holds, or the document of it that is open, whatever ends its lines."""
    data = opened.get(path)
    if data is None:
        with suppress(OSError):
            data = path.read_bytes()
    return b"\n".join(data.splitlines()) if data is not None else None


def _with(finding: Finding, judged: Finding | None) -> Finding:
    return finding if judged is None else replace(finding, verdict=judged.verdict)


def _verdict(finding: Finding) -> Verdict:
    assert finding.verdict is not None
    return finding.verdict


def _files(finding: Finding) -> Iterator[Path]:
    for place in (finding.place, *(step.place for step in finding.trail)):
        yield Path(place.path).absolute()


def _key(finding: Finding) -> Hashable:
    return finding.code, Path(finding.place.path).absolute(), finding.place.span, finding.place.cell
