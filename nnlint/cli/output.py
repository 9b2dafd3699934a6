"""How a report leaves: in one or several formats, to standard output and to files."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from nnlint import writing
from nnlint.cli.problems import Problem

if TYPE_CHECKING:
    from nnlint.cli.destinations import Output
    from nnlint.engine import Report


def write(report: Report, output: Output) -> dict[str, str]:
    """Write the report everywhere it was asked for; what went into which file.

    Raises `Problem` for a file that can not be written.
    """
    files: dict[str, str] = {}
    for destination in output.destinations:
        if destination.file is not None:
            files[os.path.abspath(destination.file)] = text = _rendered(report, destination.format, output)
            write_file(destination.file, text)
        elif destination.format == "full" and not output.statistics:
            from nnlint.report import full

            full.write(report, sys.stdout, quiet=output.quiet)
        else:
            sys.stdout.write(_rendered(report, destination.format, output))
    return files


def write_files(files: Mapping[str, str]) -> None:
    """As `write_file`, for several."""
    for file, text in files.items():
        write_file(file, text)


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
