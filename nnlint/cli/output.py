"""How a report leaves: in one or several formats, to standard output and to files."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from nnlint import writing
from nnlint.cli.destinations import Output
from nnlint.cli.problems import Problem
from nnlint.engine import Report


def write(report: Report, output: Output) -> None:
    """Write the report everywhere it was asked for. Raises `Problem` for a file that can not be written."""
    for destination in output.destinations:
        if destination.file is not None:
            write_file(destination.file, _rendered(report, destination.format, output))
        elif destination.format == "full" and not output.statistics:
            from nnlint.report import full

            full.write(report, sys.stdout, quiet=output.quiet)
        else:
            sys.stdout.write(_rendered(report, destination.format, output))


def write_file(file: str, text: str) -> None:
    """Write all of the text or nothing; into what is no regular file, as a pipe, directly. Raises `Problem`."""
    data = text.encode("utf-8", "backslashreplace")
    try:
        if os.path.exists(file) and not os.path.isfile(file):
            with open(file, "wb") as stream:
                stream.write(data)
        else:
            writing.write(Path(file), data)
    except OSError as error:
        raise Problem(f"`{file}` can not be written: {error.strerror}") from error


def _rendered(report: Report, name: str, output: Output) -> str:
    from nnlint.report import formats, statistics

    if output.statistics:
        return statistics.render(report, name)
    return formats.render(report, name, quiet=output.quiet)
