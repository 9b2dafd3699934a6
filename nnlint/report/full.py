"""The report for eyes: each finding with its excerpt, the way that led to it through the files, and what to do.

Given a softmax in another file, the report reads

    error[NN101]: softmax output reaches `criterion` (CrossEntropyLoss), which expects logits
      --> train.py:27:16  softmax-into-cross-entropy, certain
       |
    26 |         scores = model(images)
    27 |         loss = criterion(scores, labels)
       |                ^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       ::: model.py:14:16: made here: `F.softmax(x, dim=1)`
    14 |         return F.softmax(x, dim=1)
       |                ^^^^^^^^^^^^^^^^^^^
       = help: return the scores as they are
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Literal, TextIO

from rich.console import Console
from rich.text import Text

from nnlint.engine import Report
from nnlint.finding import Finding, Safety, Severity, Verdict
from nnlint.report.concise import position
from nnlint.report.excerpt import Row, excerpt
from nnlint.source import Place

CONTEXT = 2
GUTTER = "blue"
VERDICTS = {"confirmed": "bold red", "refuted": "bold green"}
STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.INFORMATION: "bold cyan"}


def write(report: Report, stream: TextIO, *, quiet: bool = False, plain: bool = False) -> None:
    """Print the report; coloured on a terminal, as NO_COLOR and FORCE_COLOR say otherwise. Nothing is wrapped.

    A `quiet` one has no summary; a `plain` one has no colours whatever the environment says.
    """
    color_system: Literal["auto"] | None = None if plain else "auto"
    console = Console(file=stream, highlight=False, markup=False, emoji=False, color_system=color_system)
    for finding in report.findings:
        for line in _finding(finding, report):
            console.print(line, soft_wrap=True)
        console.print()
    if quiet:
        return
    console.print(_summary(report), soft_wrap=True)
    fixable = _fixable(report)
    if fixable:
        console.print(fixable, soft_wrap=True)


def _finding(finding: Finding, report: Report) -> Iterator[Text]:
    style = STYLES[finding.severity]
    rows = _rows(finding.place, report, CONTEXT)
    steps = [(step, _rows(step.place, report, 0)) for step in finding.trail]
    gutter = max(
        (len(str(row.number)) for row in [*rows, *(row for _, shown in steps for row in shown)]),
        default=1,
    )
    yield Text.assemble((f"{finding.severity.value}[{finding.code}]", style), (f": {finding.message}", "bold"))
    yield Text.assemble(
        (" " * gutter + "--> ", GUTTER),
        position(finding.place),
        (f"  {finding.name}, {finding.confidence.value}", "dim"),
    )
    if rows:
        yield _bar(gutter)
    yield from _excerpt(rows, gutter, style)
    for step, shown in steps:
        yield _bar(gutter)
        yield Text.assemble((" " * gutter + " ::: ", GUTTER), f"{position(step.place)}: ", (step.message, "bold"))
        if step.place.span != finding.place.span or step.place.path != finding.place.path:  # else it stands above
            yield from _excerpt(shown, gutter, GUTTER)
    if finding.verdict is not None:
        yield _verdict(finding.verdict, gutter)
    if finding.advice:
        yield Text.assemble((" " * gutter + " = ", GUTTER), ("help: ", "bold green"), finding.advice)
    if finding.fix is not None:
        option = "--fix" if finding.fix.safety is Safety.SAFE else "--fix --unsafe-fixes"
        yield Text.assemble((" " * gutter + " = ", GUTTER), ("fix: ", "bold green"), f"{finding.fix.title} ({option})")


def _verdict(verdict: Verdict, gutter: int) -> Text:
    step = f" at step {verdict.step}" if verdict.step is not None else ""
    return Text.assemble(
        (" " * gutter + " = ", GUTTER),
        ("run: ", "bold"),
        (verdict.status, VERDICTS.get(verdict.status, "yellow")),
        f"{step}: {verdict.evidence}",
    )


def _rows(place: Place, report: Report, context: int) -> list[Row]:
    source = report.source(place)
    return excerpt(source.text, place.span, context) if source and place.span else []


def _excerpt(rows: list[Row], gutter: int, style: str) -> Iterator[Text]:
    for row in rows:
        yield Text.assemble((f"{row.number:>{gutter}} |", GUTTER), f" {row.text}".rstrip())
        if row.marks:
            yield Text.assemble((" " * gutter + " | ", GUTTER), (row.marks, style))


def _bar(gutter: int) -> Text:
    return Text(" " * gutter + " |", style=GUTTER)


def _summary(report: Report) -> Text:
    files = _counted(report.files, "file")
    if report.held_back:
        files += f"; {_counted(report.held_back, 'known finding')} held back"
    if not report.findings:
        return Text(f"Found no {'new ' if report.held_back else ''}problems in {files}", style="green")
    counts = [
        _counted(count, name)
        for severity, name in (
            (Severity.ERROR, "error"),
            (Severity.WARNING, "warning"),
            (Severity.INFORMATION, "note"),
        )
        if (count := sum(finding.severity is severity for finding in report.findings))
    ]
    return Text(f"Found {_counted(len(report.findings), 'problem')} ({', '.join(counts)}) in {files}", style="bold")


def _fixable(report: Report) -> str:
    counts = Counter(finding.fix.safety for finding in report.findings if finding.fix)
    safe, unsafe = counts[Safety.SAFE], counts[Safety.UNSAFE]
    if safe and unsafe:
        return f"{safe} can be fixed with --fix, {unsafe} more with --fix --unsafe-fixes"
    return f"{safe or unsafe} can be fixed with --fix{'' if safe else ' --unsafe-fixes'}" if safe or unsafe else ""


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")
