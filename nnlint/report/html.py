"""The findings as one page that needs nothing else: excerpts, the trail across files, filters, the rules' pages.

The page holds the findings as data, drawn by findings.js; so it opens as fast with thousands of them.
"""

from __future__ import annotations

import difflib
import html
import itertools
import json
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
from nnlint.report.excerpt import LONGEST, physical_lines, shown
from nnlint.source import Place, Source, Span

CONTEXT = 2
_KINDS = (
    ("Token.Comment", "c"),
    ("Token.Literal.String", "s"),
    ("Token.Literal.Number", "m"),
    ("Token.Keyword", "k"),
    ("Token.Operator.Word", "k"),
    ("Token.Name.Function", "f"),
    ("Token.Name.Class", "f"),
)
Piece = tuple[str, str, bool]
"""The kind of a token, its text, and whether it is marked."""


def render(report: Report) -> str:
    """The page as text."""
    data = {
        "findings": [_finding(number, finding, report) for number, finding in enumerate(report.findings, 1)],
        "rules": {code: _rule(code) for code in sorted({finding.code for finding in report.findings})},
    }
    static = files("nnlint.report")
    return _PAGE.format(
        style=(static / "findings.css").read_text(encoding="utf-8"),
        script=(static / "findings.js").read_text(encoding="utf-8"),
        data=_inert(data),
        summary=html.escape(_summary(report)),
        problems="".join(f'<p class="problems">{html.escape(error)}</p>' for error in report.errors),
        version=html.escape(__version__),
        date=datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
    )


def _inert(data: object) -> str:
    """JSON in which nothing ends the element that it stands in."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode("utf-8", "replace").decode("utf-8")


def _summary(report: Report) -> str:
    checked = f"{report.files} file{'s' * (report.files != 1)}"
    held_back = f", {report.held_back} known held back" if report.held_back else ""
    count = len(report.findings)
    return f"{count} problem{'s' * (count != 1)} in {checked}{held_back}"


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
        "verdict": {"status": verdict.status, "evidence": verdict.evidence, "step": verdict.step} if verdict else None,
    }


def _step(step: Step, finding: Finding, report: Report) -> dict[str, Any]:
    same = step.place.path == finding.place.path and step.place.span == finding.place.span
    return {
        "message": _visible(step.message),
        **_place(step.place),
        "same": same,
        "rows": [] if same else _rows(step.place, report, 0),
    }


def _place(place: Place) -> dict[str, Any]:
    span = place.span or Span(1, 1, 1, 1)
    return {"path": _visible(place.path), "cell": place.cell, "line": span.line, "column": span.column}


def _visible(text: str) -> str:
    """What would turn the text around, or is not to be seen, is shown by a stand-in."""
    return "".join(shown(text))


# --- excerpts ----------------------------------------------------------------------------------------------------


def _rows(place: Place, report: Report, context: int) -> list[tuple[int, list[Piece]]]:
    """The lines of an excerpt, each with its number, in pieces of one colour."""
    source, span = report.source(place), place.span
    if source is None or span is None:
        return []
    lines = _coloured(source)
    last = min(span.end_line, span.line + LONGEST - 1)
    numbers = range(max(1, span.line - context), min(len(lines), last + context) + 1)
    rows = [(number, _marked(lines[number - 1], number, span)) for number in numbers]
    while rows and rows[0][0] < span.line and not any(text.strip() for _, text, _ in rows[0][1]):
        rows.pop(0)
    while rows and rows[-1][0] > last and not any(text.strip() for _, text, _ in rows[-1][1]):
        rows.pop()
    return rows


@cache
def _coloured(source: Source) -> list[list[tuple[str, str]]]:
    """The tokens of each line, with their kinds."""
    from pygments import lex
    from pygments.lexers.python import PythonLexer

    lines: list[list[tuple[str, str]]] = [[]]
    text = "\n".join(physical_lines(source.text))
    for token, value in lex(text, PythonLexer(stripnl=False, ensurenl=False)):
        kind = next((kind for prefix, kind in _KINDS if str(token).startswith(prefix)), "")
        for number, part in enumerate(value.split("\n")):
            if number:
                lines.append([])
            if part:
                lines[-1].append((kind, part))
    return lines


def _marked(tokens: list[tuple[str, str]], number: int, span: Span) -> list[Piece]:
    line = "".join(text for _, text in tokens)
    start = end = 0
    if span.line <= number <= span.end_line:
        start = span.column - 1 if number == span.line else len(line) - len(line.lstrip())
        end = span.end_column - 1 if number == span.end_line else len(line.rstrip())
    characters = list(shown(line))
    pieces: list[Piece] = []
    offset = 0
    for kind, text in tokens:
        for first, last in _cut(offset, offset + len(text), start, end):
            pieces.append((kind, "".join(characters[first:last]), start <= first < end))
        offset += len(text)
    return pieces


def _cut(first: int, last: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A stretch, in pieces that lie inside or outside of another."""
    edges = sorted({first, last, *(edge for edge in (start, end) if first < edge < last)})
    return itertools.pairwise(edges)


# --- fixes and rules ---------------------------------------------------------------------------------------------


def _fix(fix: Fix, report: Report) -> dict[str, Any]:
    option = "--fix" if fix.safety is Safety.SAFE else "--fix --unsafe-fixes"
    return {"title": _visible(fix.title), "option": option, "files": list(_differences(fix.edits, report))}


def _differences(edits: Iterable[Edit], report: Report) -> Iterator[list[str]]:
    """What changes in each file, as `diff -u` shows it."""
    by_source: dict[Source, list[Edit]] = defaultdict(list)
    for edit in edits:
        source = report.source(edit.place)
        if source is not None:
            by_source[source].append(edit)
    for source, mine in by_source.items():
        before, after = physical_lines(source.text), physical_lines(with_edits(source.text, mine))
        lines = difflib.unified_diff(before, after, lineterm="", n=1)
        yield [source.path, *(_visible(line) for line in list(lines)[2:] if not line.startswith("@@"))]


@cache
def _rule(code: str) -> dict[str, str]:
    from markdown_it import MarkdownIt

    entry = catalog.find(code)
    page = entry.page.markdown(f"{entry.code} {entry.name}")
    return {"name": entry.name, "html": MarkdownIt("commonmark", {"html": False}).render(page)}


_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<title>nnlint: {summary}</title>
<style>
{style}</style>
</head>
<body>
<header>
<div class="title"><h1>nnlint</h1><p>{summary}</p><p id="count" role="status"></p></div>
<div class="tools" role="search">
<input id="search" type="search" placeholder="Search (/)" aria-label="Search">
<button type="button" class="toggle error" id="error"><b></b> errors</button>
<button type="button" class="toggle warning" id="warning"><b></b> warnings</button>
<button type="button" class="toggle information" id="information"><b></b> notes</button>
<select id="confidence" aria-label="Confidence"></select>
<select id="rule" aria-label="Rule"></select>
<select id="file" aria-label="File"></select>
<select id="group" aria-label="Group">
<option value="file">by file</option><option value="rule">by rule</option></select>
<button type="button" id="theme" aria-label="Change between light and dark"></button>
</div>
</header>
<div class="page">
<nav aria-label="Groups"><ul></ul></nav>
<div>{problems}<main></main></div>
</div>
<footer>nnlint {version}, {date}.
<kbd>j</kbd> and <kbd>k</kbd> go from finding to finding, <kbd>/</kbd> searches.</footer>
<dialog class="panel" aria-label="The rule's page">
<div><button type="button" id="only">Only this rule</button><button type="button" id="close">Close</button></div>
<div></div>
</dialog>
<script type="application/json" id="data">{data}</script>
<script>
{script}</script>
</body>
</html>
"""
