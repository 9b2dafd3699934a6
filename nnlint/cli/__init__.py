"""The command line. What has been answered before is said again at once; anything else is up to the commands."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from nnlint.cache.answers import Question

FOUND = 1  # as in `problems`, which is not needed for an answer that is known


def main() -> NoReturn:
    """Run and exit: 0 nothing found, 1 findings, 2 nnlint could not do what was asked."""
    try:
        status = _run()
        if not sys.stdout.closed:  # as by a server whose client has gone
            sys.stdout.flush()
    except BrokenPipeError:  # the reader has gone, `nnlint | head`: nobody is left to complain to
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = FOUND
    sys.exit(status)


def _run() -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Unicode still gets the report
    question = Question(sys.argv[1:])
    answer = question.known()
    if answer is None:
        from nnlint.cli import commands

        return commands.run(question)
    if answer.files:
        from nnlint.cli.output import write_files
        from nnlint.cli.problems import Problem

        try:
            write_files(answer.files)
        except Problem as error:
            print(f"nnlint: {error}", file=sys.stderr)
            return error.status
    sys.stdout.write(answer.printed)
    return answer.status
