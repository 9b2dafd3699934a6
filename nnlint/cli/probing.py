"""`nnlint probe`: a script is run for a few steps, and says what it thinks of the findings."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nnlint.cli.options import limits_options, report_options, rule_options
from nnlint.cli.problems import CLEAN, FAILED, FOUND, Problem, clear_errors, existing

if TYPE_CHECKING:
    from nnlint.config import SettingsOf
    from nnlint.probe.probing import Probed


@click.command()
@click.argument("script", metavar="SCRIPT|MODULE")
@click.argument("arguments", nargs=-1, metavar="[-- ARGUMENT...]", type=click.UNPROCESSED)
@click.option("-m", "--module", is_flag=True, help="SCRIPT is a module, as after `python -m`.")
@rule_options
@report_options
@click.option("--report", type=click.Path(dir_okay=False), metavar="FILE", help="Write a page (HTML) with all of it.")
@click.option("--recipe", is_flag=True, help="Make the checks of Karpathy's recipe for training networks besides.")
@limits_options
def probe(
    script: str,
    arguments: tuple[str, ...],
    module: bool,
    output_format: str | None,
    exit_zero: bool,
    recipe: bool,
    report: str | None,
    **options: Any,
) -> int:
    """Run a script for a few steps, in safety, and say which findings the run confirms or refutes.

    Nothing that the script writes reaches your files, and it gets no network. Its own arguments stand behind `--`.
    """
    from nnlint.cli.configured import configured, format_for
    from nnlint.probe.limits import Limits
    from nnlint.probe.probing import Script, probe_script

    python = _python(options.pop("python"))
    path = Path.cwd() if module else existing(script)
    if path.is_dir() and not module:
        raise Problem(f"`{script}` is a folder: name a script, or use `nnlint check --probe {script}`")
    with clear_errors():
        settings = configured(options, path)
        output_format = format_for(output_format, settings, path)
        probed = probe_script(
            Script(script, arguments, module), Limits(**options), settings, recipe=recipe or bool(report), python=python
        )
    if report:
        _write_page(probed, report)
    return tell(probed, output_format, exit_zero)


def probe_scripts(
    targets: list[Path], limits: dict[str, Any], settings: SettingsOf, progress: Callable[[int, int], None] | None
) -> Probed:
    from nnlint.probe.limits import Limits
    from nnlint.probe.probing import probe_paths

    python = _python(limits.pop("python"))
    return probe_paths(targets, Limits(**limits), settings, progress, python)


def tell(probed: Probed, output_format: str, exit_zero: bool) -> int:
    """Tell what came of the runs; a finding that was refuted is shown and does not count."""
    from nnlint.cli.output import write

    write(probed.report, output_format)
    if output_format == "full":
        from nnlint.report import runs

        runs.write(probed, sys.stdout)
    for error in (*probed.report.errors, *probed.unrun):
        print(f"nnlint: {error}", file=sys.stderr)
    if probed.report.errors or probed.unrun:
        return FAILED
    return FOUND if probed.stands and not exit_zero else CLEAN


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


def _write_page(probed: Probed, path: str) -> None:
    from nnlint.report import page

    try:
        Path(path).write_text(page.render(probed), encoding="utf-8")
    except page.MissingPlots as error:
        raise Problem(str(error)) from error
    except OSError as error:
        raise Problem(f"`{path}` can not be written: {error.strerror}") from error
