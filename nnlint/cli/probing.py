"""`nnlint probe`: a script is run for a few steps, and says what it thinks of the findings."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nnlint.cli.baselining import Known, baseline_option
from nnlint.cli.options import limits_options, report_options, rule_options
from nnlint.cli.problems import FAILED, Problem, clear_errors, existing

if TYPE_CHECKING:
    from nnlint.cli.destinations import Output
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
@baseline_option
@limits_options
def probe(
    script: str,
    arguments: tuple[str, ...],
    module: bool,
    output: Output,
    recipe: bool,
    report: str | None,
    baseline: str | None,
    **options: Any,
) -> int:
    """Run a script for a few steps, in safety, and say which findings the run confirms or refutes.

    Nothing that the script writes reaches your files, and it gets no network. Its own arguments stand behind `--`.
    """
    from nnlint.cli.configured import configured, format_for
    from nnlint.probe.limits import Limits
    from nnlint.probe.probing import Script, probe_script

    known = Known.read(baseline)
    python = _python(options.pop("python"))
    path = Path.cwd() if module else existing(script)
    if path.is_dir() and not module:
        raise Problem(f"`{script}` is a folder: name a script, or use `nnlint check --probe {script}`")
    with clear_errors():
        settings = configured(options, path)
        output = output.by_default(format_for(settings, path))
        probed = probe_script(
            Script(script, arguments, module), Limits(**options), settings, recipe=recipe or bool(report), python=python
        )
    if report:
        _write_page(probed, report)
    return tell(replace(probed, report=known.tell_new(probed.report, ())), output)


def probe_scripts(
    targets: list[Path], limits: dict[str, Any], settings: SettingsOf, progress: Callable[[int, int], None] | None
) -> Probed:
    from nnlint.probe.limits import Limits
    from nnlint.probe.probing import probe_paths

    python = _python(limits.pop("python"))
    return probe_paths(targets, Limits(**limits), settings, progress, python)


def tell(probed: Probed, output: Output) -> int:
    """Tell what came of the runs; a finding that was refuted is shown and does not count."""
    from nnlint.cli.output import write

    write(probed.report, output)
    if output.shown == "full" and not output.quiet:
        from nnlint.report import runs

        runs.write(probed, sys.stdout)
    for error in (*probed.report.errors, *probed.unrun):
        print(f"nnlint: {error}", file=sys.stderr)
    if probed.report.errors or probed.unrun:
        return FAILED
    return output.status(probed.standing)


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
    from nnlint.cli.output import write_file
    from nnlint.report import page

    try:
        write_file(path, page.render(probed))
    except page.MissingPlots as error:
        raise Problem(str(error)) from error
