"""How a report leaves: in one of the formats, to standard output."""

from __future__ import annotations

import sys

from nnlint.engine import Report


def write(report: Report, output_format: str) -> None:
    match output_format:
        case "json":
            from nnlint.report import as_json

            sys.stdout.write(as_json.render(report))
        case "concise":
            from nnlint.report import concise

            sys.stdout.write(concise.render(report))
        case _:
            from nnlint.report import full

            full.write(report, sys.stdout)
