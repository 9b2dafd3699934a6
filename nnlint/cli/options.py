"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from nnlint.cli.destinations import DEFAULT, FORMATS, output
from nnlint.cli.words import words

__all__ = ["limits_options", "report_options", "rule_options", "words"]


def rule_options(command: Callable[..., int]) -> Callable[..., int]:
    """The options that say what is looked for."""
    for option in (
        click.option("--isolated", is_flag=True, help="Read no configuration file."),
        click.option("--config", metavar="FILE", help="The configuration of every file, in the place of its own."),
        click.option(
            "--min-confidence", type=click.Choice(["likely", "certain"]), help="Show findings that are this sure."
        ),
        click.option(
            "--per-file-ignores", multiple=True, metavar="PATTERN:RULE", help="Do not look for a rule in some files."
        ),
        click.option("--extend-exclude", multiple=True, metavar="PATTERN", help="Leave out these files besides."),
        click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave out these files and folders only."),
        click.option("--extend-select", multiple=True, metavar="RULES", help="Look for these besides."),
        click.option("--ignore", multiple=True, metavar="RULES", help="Do not look for these."),
        click.option(
            "--select",
            multiple=True,
            metavar="RULES",
            help="Look for these only: codes, names, families (NN1), default, all.",
        ),
    ):
        command = option(command)
    return command


def report_options(command: Callable[..., int]) -> Callable[..., int]:
    """The options that say how findings are told, and what they mean for the exit status: the command's `output`."""

    @wraps(command)
    def with_output(**options: Any) -> int:
        return command(output=output(options), **options)

    wrapped: Callable[..., int] = with_output
    for option in (
        click.option("--exit-zero", is_flag=True, help="Exit with 0 also when there are findings."),
        click.option(
            "--fail-on",
            type=click.Choice(["error", "warning", "information"]),
            help="Exit with 1 only for findings of this severity or worse; all are shown.",
        ),
        click.option("-v", "--verbose", is_flag=True, help="Say on standard error what is read, and what takes time."),
        click.option("-q", "--quiet", is_flag=True, help="Findings only, no summary and no notes."),
        click.option("--statistics", is_flag=True, help="Show how often each rule was found, not the findings."),
        click.option(
            "--output-file", metavar="FILE", help="Where the report is written that has no file in its format."
        ),
        click.option(
            "--output-format",
            multiple=True,
            metavar="FORMAT[:FILE]",
            help=f"{', '.join(FORMATS)}; several, as `full,sarif:nnlint.sarif`. [env: {DEFAULT}; default: full]",
        ),
    ):
        wrapped = option(wrapped)
    return wrapped


def limits_options(command: Callable[..., int]) -> Callable[..., int]:
    """The options that say how much of a script is run."""
    for option in (
        click.option("--python", metavar="PATH", help="The Python that runs the script, if it is not this one."),
        click.option("--device", default="cpu", show_default=True, help="Where the script may compute: cpu, cuda."),
        click.option("--fake-data", is_flag=True, help="Put random data and weights in the place of missing ones."),
        click.option(
            "--time-limit", type=click.FloatRange(1), default=120, show_default=True, help="Seconds for each script."
        ),
        click.option(
            "--steps", type=click.IntRange(1), default=4, show_default=True, help="Steps that a training loop takes."
        ),
    ):
        command = option(command)
    return command
