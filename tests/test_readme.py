"""What the README says is what there is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from nnlint import catalog

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
RULES = re.compile(r"(?<=<!-- rules -->\n).*?(?=<!-- end of rules -->)", re.DOTALL)


def test_the_readme_and_ci_run_the_tests_by_one_command() -> None:
    command = ".venv/bin/python -m pytest -n auto"
    assert command in README.read_text(encoding="utf-8")
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-1] == command


def test_the_readme_shows_what_the_example_project_gives(request: pytest.FixtureRequest) -> None:
    command = ["nnlint", "fixtures/example_project", "--select", "NN101"]
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    shown = f"$ {' '.join(command)}\n{done.stdout}"
    readme = README.read_text(encoding="utf-8")
    if request.config.getoption("--bless"):
        readme = re.sub(r"^\$ nnlint .*?(?=^```$)", lambda _: shown, readme, flags=re.MULTILINE | re.DOTALL)
        README.write_text(readme, encoding="utf-8")
    assert shown in readme, "run the test with --bless, and read what it writes"


def test_the_readme_lists_the_rules(request: pytest.FixtureRequest) -> None:
    head = "| code | name | the bug | on by default | fix |\n|---|---|---|---|---|\n"
    rows = [
        f"| {entry.code} | {entry.name} | {entry.page.summary.rstrip('.')} "
        f"| {'yes' if entry.enabled else 'no'} | {entry.fix.value if entry.fix else '—'} |\n"
        for entry in catalog.entries()
    ]
    table = head + "".join(rows)
    readme = README.read_text(encoding="utf-8")
    if request.config.getoption("--bless"):
        readme = RULES.sub(lambda _: table, readme)
        README.write_text(readme, encoding="utf-8")
    found = RULES.search(readme)
    assert found, "the README has no place for the rules"
    assert found[0] == table, "run the test with --bless, and read what it writes"
