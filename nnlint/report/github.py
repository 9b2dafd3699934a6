"""GitHub's workflow commands, which become annotations of a pull request.

Escaped as the runner reads them, see https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts. Of each
step it shows 10 errors, 10 warnings and 10 notices: the gravest come first, and a notice says how many more there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from nnlint.engine import Report
from nnlint.finding import Confidence, Finding, Severity
from nnlint.report.spots import Spots

SHOWN = 10
COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFORMATION: "notice"}


def render(report: Report) -> str:
    return "".join(f"{line}\n" for line in _lines(report))


def _lines(report: Report) -> Iterator[str]:
    spots = Spots()
    more = _more(report)
    findings = sorted(report.findings, key=_gravity)
    yield from (_annotation(finding, spots) for finding in findings if finding.severity is not Severity.INFORMATION)
    if more:  # before the other notices, so that it is one of those that are shown
        yield f"::notice title=nnlint::{_data(more)}"
    yield from (_annotation(finding, spots) for finding in findings if finding.severity is Severity.INFORMATION)


def _gravity(finding: Finding) -> tuple[int, int]:
    return list(Severity).index(finding.severity), list(Confidence).index(finding.confidence)


def _annotation(finding: Finding, spots: Spots) -> str:
    spot = spots.find(finding.place)
    properties: dict[str, object] = {"title": f"{finding.code} {finding.name}", "file": spot.path, "line": spot.line}
    if spot.end_line != spot.line:
        properties["endLine"] = spot.end_line  # columns are for a single line only
    elif spot.column is not None:
        properties |= {"endLine": spot.end_line, "col": spot.column, "endColumn": spot.end_column}
    message = finding.message + (f"\nhelp: {finding.advice}" if finding.advice else "")
    told = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{COMMANDS[finding.severity]} {told}::{_data(message)}"


def _more(report: Report) -> str:
    counts = Counter(finding.severity for finding in report.findings)
    if all(count <= SHOWN for count in counts.values()):
        return ""
    counts[Severity.INFORMATION] += 1  # the notice itself
    hidden = [
        f"{count - SHOWN} {COMMANDS[severity]}{'' if count - SHOWN == 1 else 's'}"
        for severity in Severity
        if (count := counts[severity]) > SHOWN
    ]
    return f"{', '.join(hidden)} more than GitHub shows for one step; the log of the step has all of them"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: object) -> str:
    return _data(str(value)).replace(":", "%3A").replace(",", "%2C")
