"""`--fix` and its kin: fixes are made, proved and written, or shown as a difference."""

from __future__ import annotations

import difflib
import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nnlint.cli.problems import CLEAN, FAILED, FOUND

if TYPE_CHECKING:
    from nnlint.config import SettingsOf
    from nnlint.engine import Report
    from nnlint.fixing.rounds import Fixed


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is to be done with fixes."""

    fix: bool
    fix_only: bool
    unsafe_fixes: bool
    diff: bool

    @property
    def any(self) -> bool:
        return self.fix or self.fix_only or self.diff


def fix_options(command: Callable[..., int]) -> Callable[..., int]:
    """The options that say what is done with fixes."""
    for option in (
        click.option("--diff", is_flag=True, help="Show what the fixes would change, and write nothing."),
        click.option("--fix-only", is_flag=True, help="Mend what can be mended, and do not tell of the rest."),
        click.option("--unsafe-fixes", is_flag=True, help="Make fixes too that may change what was meant."),
        click.option("--fix", is_flag=True, help="Mend what can be mended, and tell of the rest."),
    ):
        command = option(command)
    return command


def wishes(options: dict[str, Any]) -> Wishes:
    """Taken out of a command's options."""
    return Wishes(*(options.pop(name) for name in ("fix", "fix_only", "unsafe_fixes", "diff")))


def fixed(
    targets: list[Path], settings: SettingsOf, wishes: Wishes, stdin: tuple[str, bytes] | None
) -> tuple[Report, int]:
    """Mend the files (or standard input, whose text goes to standard output).

    What is left to be reported, and the exit status as far as fixes decide it.
    """
    from nnlint import engine
    from nnlint.fixing.rounds import fix
    from nnlint.foretelling import Foretelling

    own = Path(os.path.abspath(stdin[0])) if stdin else None

    witness = Foretelling([Path(stdin[0])] if stdin else targets, settings)

    def check(texts: Mapping[Path, bytes]) -> Report:
        witness.update({own: stdin[1], **texts} if stdin and own else texts)
        return engine.check_programs(targets, settings, witness=witness)

    def read(path: Path) -> bytes:
        return stdin[1] if stdin and path == own else path.read_bytes()

    done = fix(check, read=read, unsafe=wishes.unsafe_fixes, only={own} if own else None)
    if wishes.diff:
        sys.stdout.writelines(difference(done))
        _tell(done, f"would fix {_counted(done)}")
        return engine.in_cells(done.report), FOUND if done.after else CLEAN
    if stdin and own:
        sys.stdout.buffer.write(done.after.get(own, stdin[1]))
        _tell(done, f"fixed {_counted(done)}")
        return engine.in_cells(done.report), CLEAN
    failed = _write(done)
    _tell(done, f"fixed {_counted(done)}" if not failed else "")
    return engine.in_cells(done.report), FAILED if failed else CLEAN


def difference(done: Fixed) -> list[str]:
    """What changes, as `diff -u` shows it."""
    from nnlint.fixing.contents import Content

    lines: list[str] = []
    for path in sorted(done.after):
        shown = os.path.relpath(path)
        before, after = (
            Content.of(str(path), data).text.splitlines(keepends=True) for data in (done.before[path], done.after[path])
        )
        for line in difflib.unified_diff(before, after, shown, shown):
            lines.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    return lines


def _write(done: Fixed) -> bool:
    """Write the files, those of a fix that goes through several together; whether one could not be written."""
    from nnlint.writing import Changed, rewrite_all

    failed = False
    for group in _groups(done):
        try:
            rewrite_all({path: (done.before[path], done.after[path]) for path in sorted(group)})
        except Changed as error:
            print(f"nnlint: {error}", file=sys.stderr)
            failed = True
        except OSError as error:
            names = ", ".join(os.path.relpath(path) for path in sorted(group))
            print(f"nnlint: {names}: can not be written: {error.strerror}", file=sys.stderr)
            failed = True
    return failed


def _groups(done: Fixed) -> list[set[Path]]:
    """The files that change, those that a fix ties to each other together."""
    groups = [{path} for path in done.after]
    for tied in done.together:
        touched = [group for group in groups if group & tied]
        if len(touched) > 1:
            groups = [group for group in groups if not group & tied] + [set().union(*touched)]
    return groups


def _counted(done: Fixed) -> str:
    counts = Counter(finding.code for finding in done.made)
    codes = ", ".join(code if count == 1 else f"{count} x {code}" for code, count in sorted(counts.items()))
    problems, files = len(done.made), len(done.after)
    return f"{problems} problem{'s' * (problems != 1)} in {files} file{'s' * (files != 1)}" + (
        f": {codes}" if codes else ""
    )


def _tell(done: Fixed, summary: str) -> None:
    for taken in done.taken_back:
        place = taken.finding.place
        line = f":{place.span.line}" if place.span else ""
        print(
            f"nnlint: {place.path}{line}: the fix of {taken.finding.code} is not made: {taken.reason}", file=sys.stderr
        )
    if summary and done.made:
        print(f"nnlint: {summary}", file=sys.stderr)
