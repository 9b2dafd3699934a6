"""One line a finding, for editors and `grep`; never through rich, which wraps."""

from __future__ import annotations

from nnlint.engine import Report
from nnlint.finding import Finding
from nnlint.source import Place, Span


def render(report: Report) -> str:
    return "".join(f"{_line(finding)}\n" for finding in report.findings)


def position(place: Place) -> str:
    """`path:line:column`, as terminals and editors know it."""
    span = place.span or Span(1, 1, 1, 1)
    return f"{place.path}:{span.line}:{span.column}"


def _line(finding: Finding) -> str:
    verdict = f" [{finding.verdict.status}]" if finding.verdict else ""
    return f"{position(finding.place)}: {finding.code} {finding.message}{verdict}"
