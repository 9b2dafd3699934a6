"""SARIF 2.1.0, the standard's format for the results of static analysis; GitHub, Azure and editors read it.

See https://docs.oasis-open.org/sarif/sarif/v2.1.0/ and, for what GitHub asks beyond,
https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nnlint import __version__, catalog
from nnlint.engine import Report
from nnlint.finding import Confidence, Edit, Finding, Fix, Severity, Step
from nnlint.fingerprint import fingerprints
from nnlint.report.spots import Spot, Spots
from nnlint.source import Place

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
BASE = "%SRCROOT%"
FINGERPRINT = "nnlint/v1"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFORMATION: "note"}
PROBLEMS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFORMATION: "recommendation"}
PRECISIONS = {Confidence.CERTAIN: "very-high", Confidence.LIKELY: "high"}

Data = dict[str, Any]


def render(report: Report) -> str:
    return json.dumps(log(report), indent=2) + "\n"


def log(report: Report) -> Data:
    """The whole of the file, as data."""
    writer = _Writer()
    codes = sorted({finding.code for finding in report.findings})
    run = {
        "tool": {
            "driver": {
                "name": "nnlint",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(code, report) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {BASE: {"uri": f"{writer.spots.root.as_uri().rstrip('/')}/"}},
        "invocations": [_invocation(report)],
        "results": [
            {**writer.result(finding, codes.index(finding.code)), "partialFingerprints": {FINGERPRINT: fingerprint}}
            for finding, fingerprint in zip(report.findings, fingerprints(report), strict=True)
        ],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str, report: Report) -> Data:
    entry = next(entry for entry in catalog.entries() if entry.code == code)
    page = entry.page.markdown(f"{entry.code} {entry.name}")
    doubts = [list(Confidence).index(finding.confidence) for finding in report.findings if finding.code == code]
    return {
        "id": entry.code,
        "name": "".join(word.capitalize() for word in entry.name.split("-")),
        "shortDescription": {"text": f"{entry.page.summary}."},
        "fullDescription": {"text": " ".join(entry.page.section("What it does").split())},
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"enabled": entry.enabled, "level": LEVELS[entry.severity]},
        "properties": {
            "tags": ["pytorch", code[:3], *(["recipe"] if entry.recipe else [])],
            "precision": PRECISIONS[list(Confidence)[max(doubts)]],
            "problem.severity": PROBLEMS[entry.severity],
        },
    }


def _invocation(report: Report) -> Data:
    notifications = [{"level": "error", "message": {"text": error}} for error in report.errors]
    return {"executionSuccessful": not report.errors, "toolExecutionNotifications": notifications}


class _Writer:
    def __init__(self) -> None:
        self.spots = Spots()

    def result(self, finding: Finding, rule: int) -> Data:
        told: Data = {
            "ruleId": finding.code,
            "ruleIndex": rule,
            "level": LEVELS[finding.severity],
            "message": {"text": finding.message + (f"\nhelp: {finding.advice}" if finding.advice else "")},
            "locations": [self._location(finding.place)],
            "properties": _properties(finding),
        }
        if finding.trail:
            told["relatedLocations"] = [
                {"id": number, **self._step(step)} for number, step in enumerate(finding.trail, 1)
            ]
            told["codeFlows"] = [{"threadFlows": [{"locations": self._flow(finding)}]}]
        if finding.fix and finding.fix.edits and all(edit.place.cell is None for edit in finding.fix.edits):
            told["fixes"] = [self._fix(finding.fix)]  # in a notebook an edit would be one of JSON
        return told

    def _flow(self, finding: Finding) -> list[Data]:
        """The trail, and the finding where it leads to."""
        steps = list(finding.trail)
        if all((step.place.path, step.place.span) != (finding.place.path, finding.place.span) for step in steps):
            steps.append(Step(finding.place, finding.message))
        return [{"location": self._step(step)} for step in steps]

    def _step(self, step: Step) -> Data:
        return {**self._location(step.place), "message": {"text": step.message}}

    def _location(self, place: Place) -> Data:
        spot = self.spots.find(place)
        return {"physicalLocation": {"artifactLocation": _artifact(spot), "region": _region(spot)}}

    def _fix(self, fix: Fix) -> Data:
        return {"description": {"text": fix.title}, "artifactChanges": list(self._changes(fix.edits))}

    def _changes(self, edits: Iterable[Edit]) -> Iterable[Data]:
        by_path: dict[str, list[Edit]] = defaultdict(list)
        for edit in edits:
            by_path[edit.place.path].append(edit)
        for group in by_path.values():
            replacements = [
                {"deletedRegion": _region(self.spots.find(edit.place)), "insertedContent": {"text": edit.text}}
                for edit in group
            ]
            artifact = _artifact(self.spots.find(group[0].place))
            yield {"artifactLocation": artifact, "replacements": replacements}


def _properties(finding: Finding) -> Data:
    told: Data = {"confidence": finding.confidence.value}
    if finding.place.cell is not None:
        told["cell"] = finding.place.cell
    if finding.fix:
        told["fixSafety"] = finding.fix.safety.value
    if finding.verdict:
        verdict = finding.verdict
        told["verdict"] = {"status": verdict.status, "evidence": verdict.evidence, "step": verdict.step}
    return told


def _artifact(spot: Spot) -> Data:
    if spot.is_relative:
        return {"uri": quote(spot.path.encode("utf-8", "surrogateescape")), "uriBaseId": BASE}
    return {"uri": Path(spot.path).as_uri()}


def _region(spot: Spot) -> Data:
    if spot.column is None:
        return {"startLine": spot.line, "endLine": spot.end_line}
    columns = {"startColumn": spot.column, "endColumn": spot.end_column}
    return {"startLine": spot.line, "endLine": spot.end_line, **columns}
