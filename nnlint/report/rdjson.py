"""The Reviewdog Diagnostic Format: comments of a review, with suggestions.

See https://github.com/reviewdog/reviewdog/tree/master/proto/rdf. Columns count bytes of UTF-8 there.
"""

from __future__ import annotations

import json
from typing import Any

from nnlint.engine import Report
from nnlint.finding import Finding, Severity
from nnlint.fingerprint import physical_lines
from nnlint.report.spots import Spots
from nnlint.source import Place

SEVERITIES = {Severity.ERROR: "ERROR", Severity.WARNING: "WARNING", Severity.INFORMATION: "INFO"}


def render(report: Report) -> str:
    writer = _Writer(report)
    return (
        json.dumps(
            {
                "source": {"name": "nnlint"},
                "severity": "WARNING",
                "diagnostics": [writer.diagnostic(finding) for finding in report.findings],
            },
            indent=2,
        )
        + "\n"
    )


class _Writer:
    def __init__(self, report: Report) -> None:
        self._report = report
        self._spots = Spots()
        self._lines: dict[str, list[str]] = {}

    def diagnostic(self, finding: Finding) -> dict[str, Any]:
        told: dict[str, Any] = {
            "message": finding.message + (f"\nhelp: {finding.advice}" if finding.advice else ""),
            "location": self._location(finding.place),
            "severity": SEVERITIES[finding.severity],
            "code": {"value": finding.code},
        }
        if finding.trail:
            told["related_locations"] = [
                {"message": step.message, "location": self._location(step.place)} for step in finding.trail
            ]
        suggestions = self._suggestions(finding)
        return {**told, "suggestions": suggestions} if suggestions else told

    def _location(self, place: Place) -> dict[str, Any]:
        return {"path": self._spots.find(place).path, "range": self._range(place)}

    def _range(self, place: Place) -> dict[str, Any]:
        spot = self._spots.find(place)
        if spot.column is None or spot.end_column is None:
            return {"start": {"line": spot.line}, "end": {"line": spot.end_line}}
        return {
            "start": {"line": spot.line, "column": self._in_bytes(place, spot.line, spot.column)},
            "end": {"line": spot.end_line, "column": self._in_bytes(place, spot.end_line, spot.end_column)},
        }

    def _in_bytes(self, place: Place, line: int, column: int) -> int:
        source = self._report.source(place)
        if source is None:
            return column
        lines = self._lines.setdefault(source.path, physical_lines(source.text))
        before = lines[line - 1][: column - 1] if line <= len(lines) else ""
        return column + len(before.encode("utf-8", "replace")) - len(before)

    def _suggestions(self, finding: Finding) -> list[dict[str, Any]]:
        """Suggestions are taken one by one: a fix of several edits, which are all or nothing, is none."""
        edits = finding.fix.edits if finding.fix else ()
        if len(edits) != 1 or edits[0].place.path != finding.place.path or edits[0].place.cell is not None:
            return []
        return [{"range": self._range(edits[0].place), "text": edits[0].text}]
