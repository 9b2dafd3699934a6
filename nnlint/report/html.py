"""The findings as one page that needs nothing else: excerpts, the trail across files, filters, the rules' pages.

The page holds the findings as data, drawn by findings.js; so it opens as fast with thousands of them.
"""

from __future__ import annotations

import difflib
import html
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from functools import cache
from importlib.resources import files
from typing import Any

from nnlint import __version__, catalog
from nnlint.engine import Report
from nnlint.finding import Edit, Finding, Fix, Safety, Step
from nnlint.fixing.splicing import with_edits
from nnlint.report import coloured
from nnlint.report.coloured import Piece
from nnlint.report.excerpt import physical_lines, shown
from nnlint.source import Place, Source, Span

CONTEXT = 2


def render(report: Report) -> str:
    """The page as text."""
    codes = sorted({finding.code for finding in report.findings})
    folder = _folder(report)
    data = {
        "folder": _visible(folder),
        "findings": [_finding(number, finding, report) for number, finding in enumerate(report.findings, 1)],
        "rules": {code: _rule(code) for code in codes},
        "files": report.files,
    }
    static = files("nnlint.report")
    page, colours, style, script = (
        (static / name).read_text(encoding="utf-8")
        for name in ("findings.html", "colours.css", "findings.css", "findings.js")
    )
    return page.format(
        style=colours + style,
        script=script,
        data=_inert(data),
        title=html.escape(_title(report)),
        checked=html.escape(_checked(report, folder)),
        told="".join(_told(report)),
        version=html.escape(__version__),
        date=datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
    )


def _inert(data: object) -> str:
    """JSON in which nothing ends the element that it stands in."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _folder(report: Report) -> str:
    """What the names of all files begin with, as `src/`."""
    names = [*report.checked, *(finding.place.path for finding in report.findings)]
    if not names or len({os.path.isabs(name) for name in names}) > 1:
        return ""
    try:
        folder = os.path.commonpath([os.path.dirname(name) for name in names])
    except ValueError:  # on several drives
        return ""
    return os.path.join(folder, "") if folder.strip(os.sep) else ""


def _title(report: Report) -> str:
    count = len(report.findings)
    return f"{count} problem{'s' * (count != 1)}" if count else "No problems"


def _checked(report: Report, folder: str) -> str:
    checked = f"in {report.files} file{'s' * (report.files != 1)}"
    under = f" under {_visible(folder)}" if folder else ""
    held_back = f", {report.held_back} known held back" if report.held_back else ""
    return checked + under + held_back


def _told(report: Report) -> Iterator[str]:
    """What nnlint says of itself."""
    for kind, lines in (("problems", report.errors), ("notes", report.notes)):
        for line in lines:
            text = "\n".join(_visible(part) for part in line.splitlines())
            yield f'<p class="{kind}">{html.escape(text)}</p>\n'


# --- findings ----------------------------------------------------------------------------------------------------


def _finding(number: int, finding: Finding, report: Report) -> dict[str, Any]:
    verdict = finding.verdict
    return {
        "id": number,
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "message": _visible(finding.message),
        **_place(finding.place),
        "rows": _rows(finding.place, report, CONTEXT),
        "trail": [_step(step, finding, report) for step in finding.trail],
        "advice": _visible(finding.advice),
        "fix": _fix(finding.fix, report) if finding.fix else None,
        "verdict": {"status": verdict.status, "evidence": _visible(verdict.evidence), "step": verdict.step}
        if verdict
        else None,
    }


def _step(step: Step, finding: Finding, report: Report) -> dict[str, Any]:
    is_same = (step.place.path, step.place.cell, step.place.span) == (
        finding.place.path,
        finding.place.cell,
        finding.place.span,
    )
    return {
        "message": _visible(step.message),
        **_place(step.place),
        "same": is_same,
        "rows": [] if is_same else _rows(step.place, report, 0),
    }


def _place(place: Place) -> dict[str, Any]:
    span = place.span or Span(1, 1, 1, 1)
    return {
        "path": _visible(place.path),
        "cell": place.cell,
        "line": span.line,
        "column": span.column,
        "end": span.end_line,
    }


def _rows(place: Place, report: Report, context: int) -> list[list[Any]]:
    """The lines of an excerpt: the number, then each piece as its text alone or with its kind and mark."""
    source = report.source(place)
    if source is None or place.span is None:
        return []
    return [
        [number, *(_piece(piece) for piece in pieces)] for number, pieces in coloured.rows(source, place.span, context)
    ]


def _piece(piece: Piece) -> str | list[object]:
    if piece.is_marked:
        return [piece.kind, piece.text, 1]
    return [piece.kind, piece.text] if piece.kind else piece.text


def _visible(text: str) -> str:
    """What would turn the text around, or is not to be seen, is shown by a stand-in."""
    return "".join(shown(text))


# --- fixes and rules ---------------------------------------------------------------------------------------------


def _fix(fix: Fix, report: Report) -> dict[str, Any]:
    option = "--fix" if fix.safety is Safety.SAFE else "--fix --unsafe-fixes"
    return {"title": _visible(fix.title), "option": option, "files": list(_differences(fix.edits, report))}


def _differences(edits: Iterable[Edit], report: Report) -> Iterator[dict[str, Any]]:
    """What changes in each file, as `diff -u` shows it."""
    by_source: dict[Source, list[Edit]] = defaultdict(list)
    for edit in edits:
        source = report.source(edit.place)
        if source is not None:
            by_source[source].append(edit)
    for source, mine in by_source.items():
        before, after = physical_lines(source.text), physical_lines(with_edits(source.text, mine))
        lines = list(difflib.unified_diff(before, after, lineterm="", n=1))[2:]
        yield {"path": _visible(source.path), "lines": [_visible(line) for line in lines]}


def _rule(code: str) -> dict[str, Any]:
    entry = catalog.find(code)
    return {"name": entry.name, "summary": _visible(entry.page.summary), "html": _page(code)}


@cache
def _page(code: str) -> str:
    """The page of a rule; no HTML in its Markdown is taken for such."""
    from markdown_it import MarkdownIt

    entry = catalog.find(code)
    markdown = MarkdownIt("commonmark", {"html": False, "highlight": _highlighted})
    return str(markdown.render(entry.page.markdown(f"{entry.code} {entry.name}")))


def _highlighted(text: str, language: str, _attributes: str) -> str:
    if language != "python":
        return html.escape(text)
    lines = coloured.code(text.removesuffix("\n"))
    return "\n".join("".join(map(_element, pieces)) for pieces in lines)


def _element(piece: Piece) -> str:
    text = html.escape(piece.text)
    return f'<span class="{piece.kind}">{text}</span>' if piece.kind else text
