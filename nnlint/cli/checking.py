"""`nnlint check`, which is what `nnlint PATH...` means."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from nnlint.cli.options import limits_options, report_options, rule_options, words
from nnlint.cli.problems import CLEAN, FAILED, FOUND, clear_errors, existing


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@rule_options
@report_options
@click.option("--stdin-filename", metavar="PATH", help="The name of the file that `-` reads from standard input.")
@click.option("--probe", is_flag=True, help="Run the scripts among them for a few steps, and say what the runs show.")
@limits_options
def check(
    paths: tuple[str, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    output_format: str,
    stdin_filename: str | None,
    exit_zero: bool,
    probe: bool,
    **limits: Any,
) -> int:
    """Check files and folders (default: this folder; `-`: standard input)."""
    from nnlint import config, engine
    from nnlint.cli import probing
    from nnlint.cli.output import write

    if probe and "-" in paths:
        raise click.UsageError("--probe runs scripts, and standard input is none")
    stdin = _stdin(paths, stdin_filename)
    targets = [] if stdin else [existing(path) for path in paths or (".",)]
    with clear_errors():
        start = targets[0] if targets else Path(stdin_filename or ".").parent
        settings = config.override(config.load(start), words(select), words(ignore))
        with _progress() as progress:
            if probe:
                return probing.tell(
                    probing.probe_scripts(targets, limits, settings, progress), output_format, exit_zero
                )
            report = engine.check(targets, settings, progress=progress, stdin=stdin)
    if not report.files:
        print(f"nnlint: no Python file under {', '.join(str(path) for path in targets)}", file=sys.stderr)
    write(report, output_format)
    for error in (*report.notes, *report.errors):
        print(f"nnlint: {error}", file=sys.stderr)
    if report.errors:
        return FAILED
    return FOUND if report.findings and not exit_zero else CLEAN


def _stdin(paths: tuple[str, ...], filename: str | None) -> tuple[str, bytes] | None:
    if "-" not in paths:
        if filename is not None:
            raise click.UsageError("--stdin-filename goes with `-`, which reads standard input")
        return None
    if len(paths) > 1:
        raise click.UsageError("`-` reads standard input and goes with no other path")
    return filename or "stdin.py", sys.stdin.buffer.read()


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """A bar on the terminal, once the work has taken a second."""
    if not sys.stderr.isatty():
        yield None
        return
    from nnlint.report.progress import Bar

    with Bar() as bar:
        yield bar.advance
