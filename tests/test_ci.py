"""The hooks of pre-commit and the GitHub action."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from nnlint.cli.checking import check

ROOT = Path(__file__).parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"] if "run" in step}
each_hook = pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])


@each_hook
def test_the_options_of_a_hook_are_there(hook: dict[str, Any]) -> None:
    program, command, *options = hook["entry"].split()
    assert (program, command) == ("nnlint", "check")
    assert set(options) <= {option for parameter in check.params for option in parameter.opts}


@each_hook
def test_a_hook_is_not_run_in_parts(hook: dict[str, Any]) -> None:
    assert hook["require_serial"] is True


@pytest.mark.parametrize("name", STEPS)
def test_no_input_is_put_into_the_text_of_a_script(name: str) -> None:
    assert "${{" not in STEPS[name]["run"]


def run_step(tmp_path: Path, src: str, args: str) -> subprocess.CompletedProcess[str]:
    """The step that runs nnlint, with a stand-in for the environment that the step before it has made."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "nnlint"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m nnlint "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    sarif = str(tmp_path / "nnlint.sarif")
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS["Run nnlint"]["run"]],
        env={**os.environ, "SRC": src, "ARGS": args, "SARIF": sarif, "VENV": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_action_annotates_and_writes_sarif(tmp_path: Path) -> None:
    done = run_step(tmp_path, "fixtures/example_project\nnnlint/finding.py", "--select NN101")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("::error title=NN101 softmax-into-cross-entropy,file=fixtures/example_project/")
    assert (tmp_path / "nnlint.sarif").exists()


def test_the_action_passes_options_on(tmp_path: Path) -> None:
    assert run_step(tmp_path, "fixtures/example_project", "--exit-zero\n--select NN101").returncode == 0


def test_an_input_of_the_action_is_never_run(tmp_path: Path) -> None:
    made = tmp_path / "made"
    done = run_step(tmp_path, f"$(touch {made}) `touch {made}` ;touch {made}", "")
    assert done.returncode == 2
    assert not made.exists()
