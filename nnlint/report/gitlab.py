"""GitLab's code quality report, which merge requests show.

See https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format.
"""

from __future__ import annotations

import json
from typing import Any

from nnlint.engine import Report
from nnlint.finding import Severity
from nnlint.fingerprint import fingerprints
from nnlint.report.spots import Spot, Spots

SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFORMATION: "info"}


def render(report: Report) -> str:
    spots = Spots()
    entries = [
        {
            "description": f"{finding.code}: {finding.message}",
            "check_name": finding.name,
            "fingerprint": fingerprint,
            "severity": SEVERITIES[finding.severity],
            "location": _location(spots.find(finding.place)),
        }
        for finding, fingerprint in zip(report.findings, fingerprints(report), strict=True)
    ]
    return json.dumps(entries, indent=2) + "\n"


def _location(spot: Spot) -> dict[str, Any]:
    if spot.column is None:
        return {"path": spot.path, "lines": {"begin": spot.line, "end": spot.end_line}}
    begin = {"line": spot.line, "column": spot.column}
    return {"path": spot.path, "positions": {"begin": begin, "end": {"line": spot.end_line, "column": spot.end_column}}}
