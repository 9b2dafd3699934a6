"""`nnlint check`, which is what `nnlint PATH...` means."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nnlint.cache import folder
from nnlint.cli.baselining import Known, baseline_option
from nnlint.cli.fixing import Wishes, fix_options, wishes
from nnlint.cli.ignoring import ignore_options, ignoring
from nnlint.cli.options import limits_options, report_options, rule_options
from nnlint.cli.problems import CLEAN, FAILED, clear_errors, existing
from nnlint.workers import cores

if TYPE_CHECKING:
    from nnlint.cache.answers import Question
    from nnlint.cli.destinations import Output
    from nnlint.config import SettingsOf
    from nnlint.engine import Report
    from nnlint.looks import Looks


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@rule_options
@report_options
@fix_options
@ignore_options
@baseline_option
@click.option("--stdin-filename", metavar="PATH", help="The name of the file that `-` reads from standard input.")
@click.option("--show-files", is_flag=True, help="Show which files would be checked, and do nothing else.")
@click.option("--force-exclude", is_flag=True, help="Leave out what is excluded also where it is named here.")
@click.option("--whole-project", is_flag=True, help="Check the whole project, and tell of what is named here only.")
@click.option("--probe", is_flag=True, help="Run the scripts among them for a few steps, and say what the runs show.")
@limits_options
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=cores,
    show_default="one for each processor",
    envvar="NNLINT_WORKERS",
    help="How many processes may share the work, where there is much.",
)
@click.option("--no-cache", is_flag=True, help=f"Remember nothing between runs. [env: {folder.OFF}]")
@click.option("--cache-dir", metavar="DIR", help=f"Where it is remembered. [env: {folder.ELSEWHERE}]")
@click.pass_obj
def check(
    question: Question,
    /,
    paths: tuple[str, ...],
    output: Output,
    stdin_filename: str | None,
    show_files: bool,
    force_exclude: bool,
    whole_project: bool,
    probe: bool,
    baseline: str | None,
    workers: int,
    no_cache: bool,
    cache_dir: str | None,
    **options: Any,
) -> int:
    """Check files and folders (default: this folder; `-`: standard input)."""
    from nnlint.cli import probing
    from nnlint.cli.configured import configured, format_for
    from nnlint.cli.output import write
    from nnlint.config.exclusions import Exclusions

    wanted = wishes(options)
    silencing = ignoring(options)
    if whole_project and (probe or wanted.any or silencing.add or "-" in paths):
        raise click.UsageError("--whole-project goes with no --probe, no fixes, no --add-ignores, no standard input")
    if silencing.add and (probe or wanted.any or "-" in paths):
        raise click.UsageError("--add-ignores writes into files by itself: no --probe, no fixes, no standard input")
    if probe and "-" in paths:
        raise click.UsageError("--probe runs scripts, and standard input is none")
    if probe and wanted.any:
        raise click.UsageError("--probe runs the scripts as they are: fix them first")
    stdin = _stdin(paths, stdin_filename)
    with question.listening() as answer, clear_errors():
        known = Known.read(baseline)
        targets = [] if stdin else [existing(path) for path in paths or (".",)]
        start = targets[0] if targets else Path(stdin_filename or ".").parent
        settings = configured(options, start)
        output = output.by_default(format_for(settings, start))
        if force_exclude:
            exclusions = Exclusions(settings)
            targets = [path for path in targets if exclusions.why(path) is None]
        if show_files:
            for file in _files(targets, settings, stdin):
                print(file)
        elif probe:
            with _progress() as progress:
                probed = probing.probe_scripts(targets, options, settings, progress)
            probed = replace(probed, report=known.tell_new(probed.report, targets))
            answer.status = probing.tell(probed, output)
        elif wanted.any:
            answer.status = _mended(targets, settings, wanted, known, stdin, output)
        elif silencing.add:
            answer.status = _silenced(targets, settings, silencing.reason, known, output)
        else:
            report = known.tell_new(
                _report(targets, settings, output, stdin, whole_project, workers, question.cache, answer.looks), targets
            )
            answer.files = write(report, output)
            answer.status = _status(report, output)
            is_all = not (report.errors or report.notes or output.verbose or not report.files)  # and no other stream
            answer.is_repeatable = is_all and stdin is None and not output.is_dated
    return answer.status


def _report(
    targets: list[Path],
    settings: SettingsOf,
    output: Output,
    stdin: tuple[str, bytes] | None,
    whole_project: bool,
    workers: int,
    cache: Path | None,
    seen: Looks | None,
) -> Report:
    """What is found. `--verbose` says what takes time."""
    from nnlint import engine
    from nnlint.cli.narrowing import narrowed, within_project
    from nnlint.cli.verbosity import Stopwatch
    from nnlint.foretelling import Foretelling
    from nnlint.keeping import keeping

    read = within_project(targets) if whole_project else targets
    with _progress() as progress:
        watch = Stopwatch(settings, _files(read, settings, stdin), progress) if output.verbose else None
        foretelling = Foretelling(read, settings, stdin, workers=1 if watch else workers)
        with keeping(cache if stdin is None else None, foretelling, settings, seen):
            report = engine.check(
                read, settings, progress=watch.advance if watch else progress, stdin=stdin, witness=foretelling
            )
    if whole_project:
        report = narrowed(report, _files(targets, settings, stdin))
    if watch:
        watch.tell()
    if not report.files and targets and not output.quiet:
        print(f"nnlint: no Python file under {', '.join(str(path) for path in targets)}", file=sys.stderr)
    return report


def _mended(
    targets: list[Path],
    settings: SettingsOf,
    wanted: Wishes,
    known: Known,
    stdin: tuple[str, bytes] | None,
    output: Output,
) -> int:
    from nnlint.cli.fixing import fixed
    from nnlint.cli.output import write

    report, status = fixed(targets, settings, wanted, stdin)
    if wanted.diff or wanted.fix_only or stdin:
        return max(status, FAILED if report.errors else CLEAN)
    report = known.tell_new(report, targets)
    write(report, output)
    return max(status, _status(report, output))


def _silenced(targets: list[Path], settings: SettingsOf, reason: str, known: Known, output: Output) -> int:
    from nnlint import engine
    from nnlint.cli.ignoring import add_ignores
    from nnlint.cli.output import write

    report, status = add_ignores(lambda texts: engine.check(targets, settings, unsaved=texts), reason, known.hold_back)
    write(report, output)
    return max(status, _status(report, output))


def _files(targets: list[Path], settings: SettingsOf, stdin: tuple[str, bytes] | None) -> list[Path]:
    """What is checked, in the order in which it is."""
    from nnlint.foretelling import Foretelling

    return sorted(Foretelling(targets, settings, stdin).targets(), key=str)


def _status(report: Report, output: Output) -> int:
    notes = () if output.quiet else report.notes
    for error in (*notes, *report.errors):
        print(f"nnlint: {error}", file=sys.stderr)
    if report.errors:
        return FAILED
    return output.status(report.findings)


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
