"""The command line, run as users run it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BROKEN = "import torch\nprint 'loss'\n"
CLEAN = "import torch\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("[tool.nnlint]\n", encoding="utf-8")
    (tmp_path / "clean.py").write_text(CLEAN, encoding="utf-8")
    return tmp_path


def nnlint(*arguments: str, cwd: Path, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "NO_COLOR")}
    return subprocess.run(
        [sys.executable, "-m", "nnlint", *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**inherited, "PYTHONIOENCODING": "utf-8", **environment},
        check=False,
    )


def break_a_file(folder: Path, name: str = "broken.py") -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(BROKEN, encoding="utf-8")


def test_a_clean_folder_exits_with_0(folder: Path) -> None:
    done = nnlint(".", cwd=folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "Found no problems in 1 file\n", "")


def test_without_a_path_the_working_folder_is_checked(folder: Path) -> None:
    break_a_file(folder)
    assert nnlint("--output-format", "concise", cwd=folder).stdout.startswith("broken.py:2:")


@pytest.mark.parametrize("arguments", [["."], ["check", "."], ["check"], ["--select", "NN0", "."], ["broken.py"]])
def test_findings_exit_with_1(folder: Path, arguments: list[str]) -> None:
    break_a_file(folder)
    done = nnlint(*arguments, cwd=folder)
    assert (done.returncode, done.stderr) == (1, "")
    assert "error[NN000]" in done.stdout


def test_findings_exit_with_0_on_request(folder: Path) -> None:
    break_a_file(folder)
    assert nnlint("--exit-zero", cwd=folder).returncode == 0


def test_one_file_that_does_not_parse_is_reported_in_json(folder: Path) -> None:
    break_a_file(folder)
    (data,) = json.loads(nnlint(".", "--output-format=json", cwd=folder).stdout)
    assert (data["code"], data["path"], data["line"]) == ("NN000", "broken.py", 2)


def test_an_ignored_rule_is_silent(folder: Path) -> None:
    break_a_file(folder)
    assert nnlint("--ignore", "unreadable-file", cwd=folder).returncode == 0


def test_excluded_files_are_left_out(folder: Path) -> None:
    break_a_file(folder, "old/broken.py")
    (folder / "pyproject.toml").write_text('[tool.nnlint]\nexclude = ["old"]\n', encoding="utf-8")
    assert nnlint(".", cwd=folder).returncode == 0


@pytest.mark.parametrize("name", ["check", "rules", "explain"])
def test_a_folder_named_like_a_command_is_checked_by_its_path(folder: Path, name: str) -> None:
    break_a_file(folder, f"{name}/broken.py")
    assert nnlint(f"./{name}", "--output-format=concise", cwd=folder).stdout.startswith(f"{name}{os.sep}broken.py:2:")


def test_standard_input_is_checked_under_the_name_given(folder: Path) -> None:
    done = nnlint("-", "--stdin-filename", "src/train.py", "--output-format=concise", cwd=folder, stdin=BROKEN)
    assert (done.returncode, done.stdout.partition(": ")[0]) == (1, "src/train.py:2:1")


def test_a_path_that_does_not_exist_is_one_clear_line(folder: Path) -> None:
    done = nnlint("claen.py", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "nnlint: `claen.py` does not exist: did you mean `clean.py`?\n"


def test_an_unknown_rule_is_one_clear_line(folder: Path) -> None:
    done = nnlint("--select", "unused-supression", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ("nnlint: --select: unknown rule `unused-supression`: did you mean `unused-suppression`?\n")


def test_a_broken_configuration_is_one_clear_line(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool.nnlint]\nselct = []\n", encoding="utf-8")
    done = nnlint(".", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "nnlint: pyproject.toml: unknown key `selct` in [tool.nnlint]: did you mean `select`?\n"


def test_an_unknown_option_exits_with_2(folder: Path) -> None:
    done = nnlint("--selct", "NN1", cwd=folder)
    assert done.returncode == 2
    assert "--select" in done.stderr


@pytest.mark.parametrize("arguments", [["-", "clean.py"], ["clean.py", "--stdin-filename", "a.py"]])
def test_standard_input_goes_with_nothing_else(folder: Path, arguments: list[str]) -> None:
    assert nnlint(*arguments, cwd=folder).returncode == 2


def test_a_folder_without_python_is_said_so(folder: Path) -> None:
    (folder / "empty").mkdir()
    done = nnlint("empty", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "nnlint: no Python file under empty\n")


@pytest.mark.parametrize("rule", ["NN001", "nn001", "unused-suppression"])
def test_the_page_of_a_rule_is_shown(folder: Path, rule: str) -> None:
    done = nnlint("explain", rule, cwd=folder)
    assert done.returncode == 0
    assert done.stdout.startswith("# NN001 unused-suppression\n")
    assert "## Why it fails silently" in done.stdout


def test_the_page_of_a_rule_is_rendered_on_a_terminal(folder: Path) -> None:
    done = nnlint("explain", "NN001", cwd=folder, FORCE_COLOR="1")
    assert "\x1b[" in done.stdout
    assert "## " not in done.stdout


def test_the_page_of_no_rule_is_one_clear_line(folder: Path) -> None:
    done = nnlint("explain", "unused-supressions", cwd=folder)
    assert done.returncode == 2
    assert done.stderr == "nnlint: unknown rule `unused-supressions`: did you mean `unused-suppression`?\n"


def test_the_rules_are_listed(folder: Path) -> None:
    lines = nnlint("rules", cwd=folder).stdout.splitlines()
    assert lines[0].split()[:3] == ["NN000", "unreadable-file", "error"]
    assert lines == sorted(lines)


def test_the_rules_are_listed_in_json(folder: Path) -> None:
    rows = json.loads(nnlint("rules", "--output-format", "json", cwd=folder).stdout)
    assert set(rows[0]) == {"code", "name", "severity", "default", "recipe", "fix", "summary"}


def test_the_version_is_told(folder: Path) -> None:
    done = nnlint("--version", cwd=folder)
    assert (done.returncode, done.stdout.split()[0]) == (0, "nnlint")


def test_the_help_tells_of_the_commands(folder: Path) -> None:
    assert "explain" in nnlint("--help", cwd=folder).stdout


def test_a_closed_pipe_ends_quietly(folder: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.run(
        [sys.executable, "-m", "nnlint", "rules"], cwd=folder, stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert process.stderr == b""


def test_a_terminal_without_unicode_still_gets_the_report(folder: Path) -> None:
    (folder / "broken.py").write_text("import torch\nprint '损失'\n", encoding="utf-8")
    done = nnlint(".", cwd=folder, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (1, "")
