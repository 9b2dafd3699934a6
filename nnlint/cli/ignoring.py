"""`--add-ignores`: what is found today is silenced where it stands."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nnlint.cli.problems import CLEAN, FAILED

if TYPE_CHECKING:
    from nnlint.engine import Report
    from nnlint.finding import Finding

Check = Callable[[Mapping[Path, bytes]], "Report"]


@dataclass(frozen=True, slots=True)
class Ignoring:
    """Whether comments are added, and the reason that they give."""

    add: bool
    reason: str


def ignore_options(command: Callable[..., int]) -> Callable[..., int]:
    """The options that add comments."""
    for option in (
        click.option("--reason", metavar="TEXT", help="The reason that --add-ignores writes into its comments."),
        click.option("--add-ignores", is_flag=True, help="Add `# nnlint: ignore[CODE]` to the line of each finding."),
    ):
        command = option(command)
    return command


def ignoring(options: dict[str, Any]) -> Ignoring:
    """Taken out of a command's options."""
    add, reason = options.pop("add_ignores"), options.pop("reason")
    if reason is not None and not add:
        raise click.UsageError("--reason goes with --add-ignores")
    return Ignoring(add, reason or "")


def add_ignores(
    check: Check, reason: str, wanted: Callable[[Report], Report] = lambda report: report
) -> tuple[Report, int]:
    """Silence what is found; what is left to be reported, and the exit status as far as writing decides it.

    `check` checks all with these contents in the place of the files', `wanted` leaves out findings that are known.
    """
    from nnlint.writing import Changed, rewrite

    report = wanted(check({}))
    plan = _Plan()
    for path, findings in _by_file(report).items():
        plan.add(path, findings, report, reason)
    after = wanted(check(plan.after)) if plan.after else report
    spoilt = _spoilt(report, after) & set(plan.after)
    if spoilt:  # better without the comments than a file that no longer parses
        for path in spoilt:
            plan.told.append(f"{os.path.relpath(path)}: no comments are added: they would bring new findings")
            del plan.after[path]
        after = wanted(check(plan.after))
    status, written = CLEAN, 0
    for path, data in sorted(plan.after.items()):
        try:
            rewrite(path, plan.before[path], data)
            written += 1
        except Changed as error:
            plan.told.append(str(error))
            status = FAILED
        except OSError as error:
            plan.told.append(f"{os.path.relpath(path)}: can not be written: {error.strerror}")
            status = FAILED
    for line in plan.told:
        print(f"nnlint: {line}", file=sys.stderr)
    silenced = len(report.findings) - len(after.findings)
    if written and status == CLEAN:
        print(f"nnlint: silenced {_counted(silenced, 'problem')} in {_counted(written, 'file')}", file=sys.stderr)
    return (after if status == CLEAN else wanted(check({}))), status


@dataclass(slots=True)
class _Plan:
    """The files as they are and as they will be, and what is to be told."""

    before: dict[Path, bytes] = field(default_factory=dict)
    after: dict[Path, bytes] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def add(self, path: Path, findings: list[Finding], report: Report, reason: str) -> None:
        from nnlint.fixing.contents import CanNotEdit, Content
        from nnlint.fixing.splicing import with_edits
        from nnlint.report.concise import position
        from nnlint.source import Unreadable
        from nnlint.suppression.adding import NEVER, additions

        source = report.source(findings[0].place)
        if source is None or path.suffix == ".ipynb":
            self.told += [f"{position(each.place)}: no comment can silence {each.code} here" for each in findings]
            return
        try:
            content = Content.of(str(path), path.read_bytes())
            if content.text != source.text:
                raise CanNotEdit(f"{os.path.relpath(path)} has changed meanwhile: it is left alone")
            added = additions(source, findings, reason)
            new = content.with_text(with_edits(content.text, added.edits))
        except (CanNotEdit, Unreadable, OSError) as error:
            self.told.append(str(error))
            return
        for each in added.impossible:
            mended = ": it is mended, not silenced" if each.code in NEVER else ""
            self.told.append(f"{position(each.place)}: no comment can silence {each.code} here{mended}")
        if added.edits:
            self.before[path], self.after[path] = content.data, new


def _by_file(report: Report) -> dict[Path, list[Finding]]:
    files: dict[Path, list[Finding]] = defaultdict(list)
    for finding in report.findings:
        files[Path(os.path.abspath(finding.place.path))].append(finding)
    return files


def _spoilt(before: Report, after: Report) -> set[Path]:
    """The files in which something is found that was not there before."""
    known = {(each.code, each.place.path, each.message) for each in before.findings}
    return {
        Path(os.path.abspath(each.place.path))
        for each in after.findings
        if (each.code, each.place.path, each.message) not in known
    }


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")
