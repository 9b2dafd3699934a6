"""Where the two witnesses part over a fixture: what is foretold and not seen, what is seen and not foretold."""

from __future__ import annotations

import os
from collections.abc import Sequence

from nnlint import catalog
from nnlint.finding import Finding
from nnlint.probe.session import Testimony
from nnlint.probe.verdicts import CONFIRMED, Seen, judge, same, verdict
from tests.expectations import Case, Expectation, expectations


def disagreements(case: Case, findings: Sequence[Finding], testimony: Testimony) -> list[str]:
    """One line for each finding that the run does not confirm, and for each that it alone shows."""
    if testimony.how != "finished":
        return [f"{case.name} did not run to its end: {testimony.how}: {testimony.error}\n{testimony.output}"]
    before = os.getcwd()
    os.chdir(case.folder)
    try:
        seen = judge(testimony, [entry.code for entry in catalog.entries()])
        marks = expectations(case)
        faults = [f"an observer failed: {fault}" for fault in testimony.faults]
        return [*faults, *_unconfirmed(findings, seen, testimony, marks), *_unforetold(findings, seen, marks)]
    finally:
        os.chdir(before)


def _unconfirmed(
    findings: Sequence[Finding], seen: Sequence[Seen], testimony: Testimony, marks: Sequence[Expectation]
) -> list[str]:
    """Strict both ways: what is marked as unseen is not confirmed."""
    problems = []
    for finding in findings:
        if finding.code not in testimony.decides:
            continue
        found = verdict(finding, seen, testimony)
        if found is None:
            continue
        marked = any(mark.kind == "unseen" and mark.spot == _spot(finding) for mark in marks)
        if (found.status == CONFIRMED) is marked:
            problems.append(f"{_at(finding)}: {found.status}{' at last' if marked else ''}: {found.evidence}")
    return problems


def _unforetold(findings: Sequence[Finding], seen: Sequence[Seen], marks: Sequence[Expectation]) -> list[str]:
    problems = []
    for each in seen:
        if not each.sighting.alone:
            continue
        foretold = any(
            finding.code == each.finding.code and same(finding.place, each.finding.place) for finding in findings
        )
        gap = any(mark.kind == "missed" and mark.spot == _spot(each.finding) for mark in marks)
        if not foretold and not gap:
            text = f"{each.finding.message} [{each.sighting.evidence}] [{type(each.sighting.event).__name__}]"
            problems.append(f"{_at(each.finding)}: seen, not foretold: {text}")
    return problems


def _spot(finding: Finding) -> tuple[str, int, str]:
    path = os.path.relpath(os.path.realpath(finding.place.path))
    return path.replace(os.sep, "/"), finding.place.span.line if finding.place.span else 0, finding.code


def _at(finding: Finding) -> str:
    path, line, code = _spot(finding)
    return f"{path}:{line}: {code}"
