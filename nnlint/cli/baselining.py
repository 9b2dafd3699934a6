"""`nnlint baseline`, and what `--baseline` holds back."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nnlint.cli.options import rule_options
from nnlint.cli.problems import CLEAN, FAILED, clear_errors, existing

if TYPE_CHECKING:
    from nnlint.baseline.content import Content
    from nnlint.engine import Report

NAME = "nnlint-baseline.json"

baseline_option = click.option(
    "--baseline",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Hold back the findings that this file knows; `nnlint baseline` writes it.",
)


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@rule_options
@click.option(
    "--baseline",
    "file",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    default=NAME,
    show_default=True,
    help="The file to write.",
)
@click.option("--prune", is_flag=True, help="Only drop what is fixed, and add nothing.")
def baseline(paths: tuple[str, ...], file: str, prune: bool, **options: Any) -> int:
    """Write down what is known.

    `nnlint check --baseline FILE` then tells only what is new. An older file is brought up to date: what is found is in
    it, what is fixed is dropped, what was not checked stays.
    """
    from nnlint import engine
    from nnlint.baseline import file as files
    from nnlint.baseline.matching import compare
    from nnlint.cli.configured import configured

    path = Path(file)
    targets = [existing(each) for each in paths or (".",)]
    with clear_errors():
        before = files.read(path) if prune or path.exists() else {}
        settings = configured(options, targets[0])
        report = engine.check(targets, settings)
        compared = compare(before, report, path.parent, targets)
        after = Counter(compared.unspoken) + Counter(compared.known if prune else compared.found)
        files.write(path, after)
    if not report.files:
        print(f"nnlint: no Python file under {', '.join(str(each) for each in targets)}", file=sys.stderr)
    for error in report.errors:
        print(f"nnlint: {error}", file=sys.stderr)
    added = 0 if prune else len(compared.new)
    dropped = sum(compared.fixed.values())
    changes = ", ".join(f"{count} {what}" for count, what in ((added, "added"), (dropped, "dropped")) if count)
    known, places = _counted(sum(after.values()), "known finding"), _counted(len({each.path for each in after}), "file")
    print(f"{path} holds {known} in {places}" + (f" ({changes})" if changes else ""))
    return FAILED if report.errors else CLEAN


@dataclass(frozen=True, slots=True)
class Known:
    """The baseline of a run, if it has one."""

    path: Path | None = None
    entries: dict[Content, int] = field(default_factory=dict)

    @classmethod
    def read(cls, path: str | None) -> Known:
        if path is None:
            return cls()
        from nnlint.baseline import file

        with clear_errors():
            return cls(Path(path), file.read(Path(path)))

    def hold_back(self, report: Report) -> Report:
        """The report of what is new."""
        return report if self.path is None else self._apart(report, ())[0]

    def tell_new(self, report: Report, targets: Sequence[Path]) -> Report:
        """The same, and a word about entries that are fixed."""
        if self.path is None:
            return report
        new, fixed = self._apart(report, targets)
        if fixed:
            named = "" if str(self.path) == NAME else f" --baseline {shlex.quote(str(self.path))}"
            are, them = ("is", "it") if fixed == 1 else ("are", "them")
            told = f"{_counted(fixed, 'known finding')} {are} fixed: `nnlint baseline --prune{named}` drops {them}"
            print(f"nnlint: {told}", file=sys.stderr)
        return new

    def _apart(self, report: Report, targets: Sequence[Path]) -> tuple[Report, int]:
        from nnlint.baseline.matching import compare

        assert self.path is not None, "without a baseline nothing is held back"
        compared = compare(self.entries, report, self.path.parent, targets)
        held_back = report.held_back + len(report.findings) - len(compared.new)
        return replace(report, findings=compared.new, held_back=held_back), sum(compared.fixed.values())


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")
