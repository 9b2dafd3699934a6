"""Rules that are none of nnlint's: a project's own, and those of installed packs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TRAIN = """\
import torch
from torch import nn

model = nn.Linear(4, 2)
model.train()
scores = model(torch.rand(8, 4))
loss = nn.functional.cross_entropy(scores, torch.zeros(8, dtype=torch.long))
loss.backward()
"""
RULE = '''\
"""A rule of this project."""

from nnlint import LossComputed, Rule, Severity


class CrossEntropyUsed(Rule):
    """The project computes another loss."""

    code, name, severity = "ML001", "cross-entropy-used", Severity.WARNING
    watches = LossComputed
    words = ("cross_entropy",)

    def check(self, event):
        yield self.finding(event, f"`{event.loss.called}` is not what we use")
'''


def nnlint(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nnlint", *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    tmp_path /= "project"
    write(tmp_path / "nnlint.toml", 'rule-paths = ["lint"]\nselect = ["ML"]\n')
    write(tmp_path / "lint/cross_entropy_used.py", RULE)
    write(tmp_path / "train.py", TRAIN)
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_a_projects_own_rule_finds_what_it_looks_for(project: Path) -> None:
    done = nnlint("train.py", "--output-format", "concise", cwd=project)
    assert (done.returncode, done.stderr) == (1, "")
    assert "train.py:7:8: " in done.stdout
    assert "ML001" in done.stdout


def test_a_projects_own_rule_can_be_named_on_the_command_line_from_elsewhere(project: Path) -> None:
    (project / "nnlint.toml").write_text('rule-paths = ["lint"]\n')
    (project.parent / ".git").mkdir()
    done = nnlint(project.name, "--select", "cross-entropy-used", cwd=project.parent)
    assert (done.returncode, done.stderr) == (1, "")


def test_the_rules_of_another_project_are_not_run_unless_they_are_named(project: Path) -> None:
    write(project / "lint/cross_entropy_used.py", "raise SystemExit('it ran')\n")
    done = nnlint(project.name, cwd=project.parent)
    assert (done.returncode, "it ran" in done.stderr) == (2, False)
    assert "nnlint.toml:1: `rule-paths` would run Python code of another project" in done.stderr
    named = nnlint("--config", f"{project.name}/nnlint.toml", project.name, cwd=project.parent)
    assert "it ran" in named.stderr


def test_a_projects_own_rule_can_be_suppressed(project: Path) -> None:
    text = TRAIN.replace("long))", "long))  # nnlint: ignore[ML001]")
    write(project / "train.py", text)
    assert nnlint("train.py", "--extend-select", "NN001", cwd=project).returncode == 0


def test_a_projects_own_rule_is_listed_and_explained(project: Path) -> None:
    assert "ML001  cross-entropy-used" in nnlint("rules", cwd=project).stdout
    assert "The project computes another loss." in nnlint("explain", "ML001", cwd=project).stdout


def test_a_projects_own_rule_is_not_anothers(project: Path) -> None:
    write(project / "other/nnlint.toml", 'select = ["all"]\n')
    write(project / "other/train.py", TRAIN)
    rows = json.loads(nnlint(".", "--output-format", "json", cwd=project).stdout)
    assert [row["path"] for row in rows if row["code"] == "ML001"] == ["train.py"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import gone\n", "can not be imported: ModuleNotFoundError: No module named 'gone'"),
        ("raise SystemExit(3)\n", "can not be imported: SystemExit: 3"),
        ("def broken(:\n", "can not be imported: SyntaxError"),
        ("x = 1\n", "a rule file holds exactly one Rule class, this one: none"),
        (RULE.replace("ML001", "NN001"), "it must be one to four capital letters other than `NN` and three digits"),
        (RULE.replace("ML001", "TOOLONG1"), "it must be one to four capital letters other than `NN` and three digits"),
        (RULE.replace('"cross-entropy-used"', '"other"'), "it must be the file's name with dashes"),
    ],
)
def test_a_broken_rule_is_one_clear_line_that_names_the_file(project: Path, text: str, words: str) -> None:
    write(project / "lint/cross_entropy_used.py", text)
    done = nnlint("train.py", cwd=project)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(f"nnlint: {project / 'lint/cross_entropy_used.py'}: ")
    assert words in done.stderr


def test_a_code_that_is_taken_is_an_error(project: Path) -> None:
    write(project / "lint/second.py", RULE.replace("cross-entropy-used", "second"))
    done = nnlint("train.py", cwd=project)
    assert (done.returncode, "two rules have the code `ML001`" in done.stderr) == (2, True)


def test_a_name_of_ours_is_taken(project: Path) -> None:
    write(
        project / "lint/detached_loss.py", RULE.replace("cross-entropy-used", "detached-loss").replace("ML001", "ML002")
    )
    done = nnlint("train.py", cwd=project)
    assert done.returncode == 2
    assert f"{project / 'lint/detached_loss.py'}: two rules have the name `detached-loss`" in done.stderr


def test_a_folder_that_is_not_there_is_an_error(project: Path) -> None:
    write(project / "nnlint.toml", 'rule-paths = ["gone"]\n')
    done = nnlint("train.py", cwd=project)
    assert (done.returncode, done.stderr) == (
        2,
        f"nnlint: `rule-paths` names {project / 'gone'}, which is no folder\n",
    )


# --- installed packs -----------------------------------------------------------------------------------------------


def install(folder: Path, name: str, target: str) -> None:
    """A distribution as pip leaves it behind."""
    write(folder / f"{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    write(folder / f"{name}-1.0.dist-info/entry_points.txt", f"[nnlint.rules]\nmine = {target}\n")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    write(tmp_path / "work/train.py", TRAIN)
    write(tmp_path / "site/lab_rules/__init__.py", "")
    write(tmp_path / "site/lab_rules/cross_entropy_used.py", RULE)
    return tmp_path / "site"


def test_the_rules_of_an_installed_package_are_used(site: Path) -> None:
    install(site, "lab-rules", "lab_rules")
    done = nnlint("--select", "ML001", cwd=site.parent / "work", PYTHONPATH=str(site))
    assert (done.returncode, "ML001" in done.stdout) == (1, True)


def test_an_installed_module_may_be_a_rule(site: Path) -> None:
    install(site, "lab-rules", "lab_rules.cross_entropy_used")
    done = nnlint("--select", "ML001", cwd=site.parent / "work", PYTHONPATH=str(site))
    assert (done.returncode, "ML001" in done.stdout) == (1, True)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("gone", "ModuleNotFoundError: No module named 'gone'"),
        ("lab_rules.cross_entropy_used:CrossEntropyUsed", "is no module or package"),
        ("lab_rules", "two rules have the code `ML001`"),
    ],
)
def test_a_broken_pack_is_one_clear_line_that_names_the_distribution(site: Path, target: str, words: str) -> None:
    write(site / "lab_rules/second.py", RULE.replace("cross-entropy-used", "second"))
    install(site, "lab-rules", target)
    done = nnlint(cwd=site.parent / "work", PYTHONPATH=str(site))
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "the rules of the installed package `lab-rules` can not be used: " in done.stderr
    assert words in done.stderr
