"""The machine-readable findings. The keys are a contract."""

from __future__ import annotations

import json
from typing import Any

from nnlint.engine import Report
from nnlint.finding import Edit, Finding, Fix, Step, Verdict
from nnlint.source import Place, Span


def render(report: Report) -> str:
    return json.dumps([finding_as_data(finding) for finding in report.findings], indent=2, ensure_ascii=False) + "\n"


def finding_as_data(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "message": finding.message,
        **_place(finding.place),
        "cell": finding.place.cell,
        "related": [_step(step) for step in finding.trail],
        "fix": _fix(finding.fix) if finding.fix else None,
        "verdict": _verdict(finding.verdict) if finding.verdict else None,
    }


def _place(place: Place) -> dict[str, Any]:
    span = place.span or Span(1, 1, 1, 1)
    return {
        "path": place.path,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }


def _step(step: Step) -> dict[str, Any]:
    return {**_place(step.place), "message": step.message}


def _fix(fix: Fix) -> dict[str, Any]:
    return {"title": fix.title, "safety": fix.safety.value, "edits": [_edit(edit) for edit in fix.edits]}


def _edit(edit: Edit) -> dict[str, Any]:
    return {**_place(edit.place), "text": edit.text}


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {"status": verdict.status, "evidence": verdict.evidence, "step": verdict.step}
