"""What is asked of the report: in which formats, where to, and what it means for the exit status."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from nnlint.cli.problems import CLEAN, FOUND
from nnlint.cli.words import words
from nnlint.report.formats import DATED, FORMATS
from nnlint.report.statistics import FORMATS as COUNTED

if TYPE_CHECKING:
    from nnlint.finding import Finding

DEFAULT = "NNLINT_OUTPUT_FORMAT"
SEVERITIES = ("error", "warning", "information")

__all__ = ["DEFAULT", "FORMATS", "Destination", "Output", "output"]


@dataclass(frozen=True, slots=True)
class Destination:
    """A format, and its file; None is standard output."""

    format: str
    file: str | None


@dataclass(frozen=True, slots=True)
class Output:
    """How a command tells what was found."""

    destinations: tuple[Destination, ...]
    statistics: bool
    quiet: bool
    verbose: bool
    fail_on: str | None
    exit_zero: bool
    is_default: bool = False  # nobody has named a format

    def by_default(self, name: str) -> Output:
        """In the format that the settings name, if the command line names none."""
        if not self.is_default or (self.statistics and name not in COUNTED):
            return self
        return replace(self, destinations=tuple(replace(each, format=name) for each in self.destinations))

    @property
    def shown(self) -> str | None:
        """The format of what goes to standard output."""
        return next((each.format for each in self.destinations if each.file is None), None)

    @property
    def is_dated(self) -> bool:
        """Whether what is written says when."""
        return any(each.format in DATED for each in self.destinations)

    def status(self, findings: Iterable[Finding]) -> int:
        """The exit status that the findings give. All of them count, unless a severity was named."""
        counting = SEVERITIES[: SEVERITIES.index(self.fail_on) + 1] if self.fail_on else SEVERITIES
        counts = any(finding.severity.value in counting for finding in findings)
        return FOUND if counts and not self.exit_zero else CLEAN


def output(options: dict[str, Any]) -> Output:
    """Taken out of a command's options."""
    asked, file, statistics = (options.pop(name) for name in ("output_format", "output_file", "statistics"))
    quiet, verbose = options.pop("quiet"), options.pop("verbose")
    if quiet and verbose:
        raise click.UsageError("--quiet and --verbose do not go together")
    given = words(asked)
    where = "--output-format" if given else DEFAULT
    named = given or words((os.environ.get(DEFAULT, ""),))
    destinations = _destinations(named or ["full"], where, file)
    if statistics:
        for each in destinations:
            if each.format not in COUNTED:
                raise click.UsageError(f"--statistics has the formats {', '.join(COUNTED)}, not {each.format}")
    fail_on, exit_zero = options.pop("fail_on"), options.pop("exit_zero")
    return Output(destinations, statistics, quiet, verbose, fail_on, exit_zero, is_default=not named)


def _destinations(wanted: list[str], where: str, file: str | None) -> tuple[Destination, ...]:
    found = [_destination(word, where) for word in wanted]
    open_ones = [each.format for each in found if each.file is None]
    if len(open_ones) > 1:
        raise click.UsageError(
            f"{where}: only one report goes to standard output: name a file, as `{open_ones[1]}:FILE`"
        )
    if file is not None and not open_ones:
        raise click.UsageError("--output-file is for a format without a file, and each has one")
    found = [Destination(each.format, each.file or file) for each in found]
    files = [os.path.abspath(each.file) for each in found if each.file is not None]
    if len(set(files)) < len(files):
        raise click.UsageError(f"{where}: two reports go to the same file")
    return tuple(found)


def _destination(word: str, where: str) -> Destination:
    name, colon, file = word.partition(":")
    if name not in FORMATS:
        raise click.UsageError(f"{where}: unknown format `{name}`{_meant(name)}; there are {', '.join(FORMATS)}")
    if colon and not file:
        raise click.UsageError(f"{where}: `{word}` names no file")
    return Destination(name, file or None)


def _meant(name: str) -> str:
    from nnlint.catalog import did_you_mean, nearest

    return did_you_mean(nearest(name.lower(), list(FORMATS)))
