"""The formats that a report can have. Another one is a module with `render` and a line here."""

from __future__ import annotations

import importlib
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnlint.engine import Report

FORMATS = {
    "full": "nnlint.report.full",
    "concise": "nnlint.report.concise",
    "json": "nnlint.report.as_json",
    "jsonl": "nnlint.report.jsonl",
    "sarif": "nnlint.report.sarif",
    "github": "nnlint.report.github",
    "gitlab": "nnlint.report.gitlab",
    "junit": "nnlint.report.junit",
    "rdjson": "nnlint.report.rdjson",
    "html": "nnlint.report.html",
}
DATED = frozenset({"html"})  # they say when they were made


def render(report: Report, name: str, *, quiet: bool = False) -> str:
    """The report as text without colours; `quiet` leaves out what is no finding."""
    module = importlib.import_module(FORMATS[name])
    if name == "full":
        stream = io.StringIO()
        module.write(report, stream, quiet=quiet, plain=True)
        return stream.getvalue()
    return str(module.render(report))
