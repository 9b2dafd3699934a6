"""From findings to what the protocol calls diagnostics, and from spans to its ranges and back.

nnlint counts lines and columns from 1 and columns in characters; the protocol counts both from 0, and columns in the
units that client and server agreed on: of UTF-8, UTF-16 or UTF-32.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from lsprotocol import types
from pygls import uris
from pygls.workspace import PositionCodec

from nnlint.finding import Confidence, Edit, Finding, Severity
from nnlint.report.as_json import finding_as_data
from nnlint.source import Place, Source, Span

SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.INFORMATION: types.DiagnosticSeverity.Information,
}
UNNECESSARY = frozenset({"NN001", "NN505"})
"""Findings on code that could go: editors show it faded."""


@dataclass(frozen=True, slots=True)
class Translator:
    """Speaks with one client. `source` gives the text that a place is in, `uri` the document that it is in."""

    codec: PositionCodec
    source: Callable[[Place], Source | None]
    uri: Callable[[Place], str]
    page: Callable[[str], str | None]

    def diagnostic(self, finding: Finding) -> types.Diagnostic:
        message = finding.message
        if finding.confidence is Confidence.LIKELY:
            message += " (likely)"
        if finding.verdict is not None:
            message += f"\nthe run: {finding.verdict.status}: {finding.verdict.evidence}"
        where = self.uri(finding.place)
        if finding.place.cell is not None and where == uri_of(finding.place.path):
            message += f"\nin cell {finding.place.cell}"  # the notebook is not open: its lines say nothing
        if finding.advice:
            message += f"\nhelp: {finding.advice}"
        page = self.page(finding.code)
        return types.Diagnostic(
            range=self.range(finding.place),
            message=message,
            severity=SEVERITIES[finding.severity],
            code=finding.code,
            code_description=types.CodeDescription(page) if page else None,
            source="nnlint",
            tags=[types.DiagnosticTag.Unnecessary] if finding.code in UNNECESSARY else None,
            related_information=[
                types.DiagnosticRelatedInformation(
                    types.Location(self.uri(step.place), self.range(step.place)), step.message
                )
                for step in finding.trail
            ],
            data=finding_as_data(finding),
        )

    def range(self, place: Place) -> types.Range:
        span = place.span or Span(1, 1, 1, 1)
        lines = self._lines(place)
        return types.Range(
            self._position(lines, span.line, span.column), self._position(lines, span.end_line, span.end_column)
        )

    def edits(self, edits: Iterable[Edit]) -> dict[str, list[types.TextEdit]]:
        """The edits by document."""
        found: dict[str, list[types.TextEdit]] = {}
        for edit in edits:
            found.setdefault(self.uri(edit.place), []).append(types.TextEdit(self.range(edit.place), edit.text))
        return found

    def _lines(self, place: Place) -> list[str]:
        source = self.source(place)
        return source.text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if source else []

    def _position(self, lines: list[str], line: int, column: int) -> types.Position:
        text = lines[line - 1] if 0 < line <= len(lines) else ""
        return types.Position(
            line - 1, self.codec.client_num_units(text[: column - 1]) + max(0, column - 1 - len(text))
        )


def line_edits(before: str, after: str) -> Iterator[types.TextEdit]:
    """What makes one text of the other, by whole lines."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    for tag, start, end, first, last in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            span = types.Range(types.Position(start, 0), types.Position(end, 0))
            yield types.TextEdit(span, "".join(new[first:last]))


def path_of(uri: str) -> str | None:
    """The absolute path of a document; None for one that is no file (`untitled:`)."""
    path = uris.to_fs_path(uri)
    return os.path.abspath(path) if path and uri.startswith("file:") else None


def uri_of(path: str) -> str:
    return uris.from_fs_path(os.path.abspath(path)) or ""
