"""The command line. What a command needs is imported when it runs, so that `--version` and `--help` are quick."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from nnlint import __version__

if TYPE_CHECKING:
    from nnlint.catalog import Entry
    from nnlint.config import Settings
    from nnlint.engine import Report
    from nnlint.probe.probing import Probed

CLEAN, FOUND, FAILED, INTERRUPTED = 0, 1, 2, 130


class Problem(Exception):
    """nnlint can not do what was asked; one line that says why."""


def main() -> NoReturn:
    """Run and exit: 0 nothing found, 1 findings, 2 nnlint could not do what was asked."""
    try:
        status = _run()
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has gone, `nnlint | head`: nobody is left to complain to
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = FOUND
    sys.exit(status)


def _run() -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Unicode still gets the report
    try:
        return int(commands.main(prog_name="nnlint", standalone_mode=False) or CLEAN)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return FAILED
    except Problem as error:
        print(f"nnlint: {error}", file=sys.stderr)
        return FAILED


class CheckUnlessNamed(click.Group):
    """`nnlint src` is `nnlint check src`: what is no command is the path of a check."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("--help", "-h", "--version")):
            args = ["check", *args]
        return super().parse_args(ctx, args)


@click.group(cls=CheckUnlessNamed, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def commands() -> None:
    """Find the bugs of neural-network training that raise no exception.

    `nnlint PATH...` is `nnlint check PATH...`.
    """


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


@commands.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--select", multiple=True, metavar="RULES", help="Look for these only: codes, names, families (NN1), default, all."
)
@click.option("--ignore", multiple=True, metavar="RULES", help="Do not look for these.")
@click.option("--output-format", type=click.Choice(["full", "concise", "json"]), default="full", show_default=True)
@click.option("--stdin-filename", metavar="PATH", help="The name of the file that `-` reads from standard input.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 also when there are findings.")
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

    if probe and "-" in paths:
        raise click.UsageError("--probe runs scripts, and standard input is none")
    stdin = _stdin(paths, stdin_filename)
    targets = [] if stdin else [_existing(path) for path in paths or (".",)]
    with _clear_errors():
        start = targets[0] if targets else Path(stdin_filename or ".").parent
        settings = config.override(config.load(start), _words(select), _words(ignore))
        with _progress() as progress:
            if probe:
                return _probed(_probe_paths(targets, limits, settings, progress), output_format, exit_zero)
            report = engine.check(targets, settings, progress=progress, stdin=stdin)
    if not report.files:
        print(f"nnlint: no Python file under {', '.join(str(path) for path in targets)}", file=sys.stderr)
    _write(report, output_format)
    for error in report.errors:
        print(f"nnlint: {error}", file=sys.stderr)
    if report.errors:
        return FAILED
    return FOUND if report.findings and not exit_zero else CLEAN


@commands.command()
@click.argument("script", metavar="SCRIPT|MODULE")
@click.argument("arguments", nargs=-1, metavar="[-- ARGUMENT...]", type=click.UNPROCESSED)
@click.option("-m", "--module", is_flag=True, help="SCRIPT is a module, as after `python -m`.")
@click.option("--select", multiple=True, metavar="RULES", help="Look for these only, as in `check`.")
@click.option("--ignore", multiple=True, metavar="RULES", help="Do not look for these.")
@click.option("--output-format", type=click.Choice(["full", "concise", "json"]), default="full", show_default=True)
@click.option("--exit-zero", is_flag=True, help="Exit with 0 also when there are findings.")
@click.option("--report", type=click.Path(dir_okay=False), metavar="FILE", help="Write a page (HTML) with all of it.")
@click.option("--recipe", is_flag=True, help="Make the checks of Karpathy's recipe for training networks besides.")
@limits_options
def probe(
    script: str,
    arguments: tuple[str, ...],
    module: bool,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    output_format: str,
    exit_zero: bool,
    recipe: bool,
    report: str | None,
    **limits: Any,
) -> int:
    """Run a script for a few steps, in safety, and say which findings the run confirms or refutes.

    Nothing that the script writes reaches your files, and it gets no network. Its own arguments stand behind `--`.
    """
    from nnlint import config
    from nnlint.probe.limits import Limits
    from nnlint.probe.probing import Script, probe_script

    python = _python(limits.pop("python"))
    path = Path.cwd() if module else _existing(script)
    if path.is_dir() and not module:
        raise Problem(f"`{script}` is a folder: name a script, or use `nnlint check --probe {script}`")
    with _clear_errors():
        settings = config.override(config.load(path), _words(select), _words(ignore))
        probed = probe_script(
            Script(script, arguments, module), Limits(**limits), settings, recipe=recipe or bool(report), python=python
        )
    if report:
        _write_page(probed, report)
    return _probed(probed, output_format, exit_zero)


@commands.command()
@click.argument("rule", metavar="CODE|NAME")
def explain(rule: str) -> None:
    """Show the page of a rule."""
    from nnlint import catalog

    with _clear_errors():
        entry = catalog.find(rule)
        text = entry.page.markdown(f"{entry.code} {entry.name}")
    if not (sys.stdout.isatty() or os.environ.get("FORCE_COLOR")):
        print(text, end="")
        return
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console()
    console.print(Markdown(text), width=min(console.width, 100))


@commands.command()
@click.option("--output-format", type=click.Choice(["full", "json"]), default="full", show_default=True)
def rules(output_format: str) -> None:
    """List the rules."""
    from nnlint import catalog

    with _clear_errors():
        rows = [_described(entry) for entry in catalog.entries()]
    if output_format == "json":
        import json

        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    shown = [
        (row["code"], row["name"], row["severity"], "" if row["default"] else "on request", row["summary"])
        for row in rows
    ]
    widths = [max(len(row[column]) for row in shown) for column in range(4)]
    for row in shown:
        print("  ".join([*(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False) if width), row[4]]))


def _described(entry: Entry) -> dict[str, Any]:
    return {
        "code": entry.code,
        "name": entry.name,
        "severity": entry.severity.value,
        "default": entry.enabled,
        "recipe": entry.recipe,
        "fix": entry.fix.value if entry.fix else None,
        "summary": entry.page.summary,
    }


def _stdin(paths: tuple[str, ...], filename: str | None) -> tuple[str, bytes] | None:
    if "-" not in paths:
        if filename is not None:
            raise click.UsageError("--stdin-filename goes with `-`, which reads standard input")
        return None
    if len(paths) > 1:
        raise click.UsageError("`-` reads standard input and goes with no other path")
    return filename or "stdin.py", sys.stdin.buffer.read()


def _existing(path: str) -> Path:
    """The path, if there is something."""
    from nnlint.catalog import did_you_mean, nearest

    if os.path.lexists(path):
        return Path(path)
    folder, name = os.path.split(path.rstrip("/\\"))
    try:
        meant = nearest(name, sorted(os.listdir(folder or ".")))
    except OSError:
        meant = None
    raise Problem(f"`{path}` does not exist" + did_you_mean(os.path.join(folder, meant) if meant else None))


def _words(values: tuple[str, ...]) -> list[str]:
    """Given `--select NN101,NN2 --select all`, the three words."""
    return [word.strip() for value in values for word in value.split(",") if word.strip()]


@contextmanager
def _clear_errors() -> Iterator[None]:
    """What the user can mend is told in one line."""
    from nnlint.catalog import CatalogError, UnknownRule
    from nnlint.config import ConfigurationError

    try:
        yield
    except (CatalogError, UnknownRule, ConfigurationError) as error:
        raise Problem(str(error)) from error


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """A bar on the terminal, once the work has taken a second."""
    if not sys.stderr.isatty():
        yield None
        return
    from nnlint.report.progress import Bar

    with Bar() as bar:
        yield bar.advance


def _probe_paths(
    targets: list[Path], limits: dict[str, Any], settings: Settings, progress: Callable[[int, int], None] | None
) -> Probed:
    from nnlint.probe.limits import Limits
    from nnlint.probe.probing import probe_paths

    python = _python(limits.pop("python"))
    return probe_paths(targets, Limits(**limits), settings, progress, python)


def _python(named: str | None) -> str:
    """The interpreter that runs scripts: the one that is named, this one, or that of the environment that is active."""
    from importlib.util import find_spec

    active = os.environ.get("VIRTUAL_ENV")
    if named is not None:
        found = shutil.which(named)
        if found is None:
            raise Problem(f"`{named}` is no Python that can be run")
        return found
    if find_spec("torch") is not None:
        return sys.executable
    if active and (python := shutil.which("python", path=os.path.join(active, "bin"))):
        return python
    raise Problem("the probe needs torch: install nnlint[probe] beside it, or name its Python by --python")


def _probed(probed: Probed, output_format: str, exit_zero: bool) -> int:
    """Tell what came of the runs; a finding that was refuted is shown and does not count."""
    _write(probed.report, output_format)
    if output_format == "full":
        from nnlint.report import runs

        runs.write(probed, sys.stdout)
    for error in (*probed.report.errors, *probed.unrun):
        print(f"nnlint: {error}", file=sys.stderr)
    if probed.report.errors or probed.unrun:
        return FAILED
    return FOUND if probed.stands and not exit_zero else CLEAN


def _write_page(probed: Probed, path: str) -> None:
    from nnlint.report import page

    try:
        Path(path).write_text(page.render(probed), encoding="utf-8")
    except page.MissingPlots as error:
        raise Problem(str(error)) from error
    except OSError as error:
        raise Problem(f"`{path}` can not be written: {error.strerror}") from error


def _write(report: Report, output_format: str) -> None:
    match output_format:
        case "json":
            from nnlint.report import as_json

            sys.stdout.write(as_json.render(report))
        case "concise":
            from nnlint.report import concise

            sys.stdout.write(concise.render(report))
        case _:
            from nnlint.report import full

            full.write(report, sys.stdout)
