"""Where reports go, what is told besides, and what findings mean for the exit status."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from nnlint.cli.output import write_file
from tests.test_cli import CLEAN, break_a_file, nnlint

WARNED = """import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.norm = nn.BatchNorm2d(8)

    def forward(self, x):
        return self.norm(self.conv(x))


Net()(torch.randn(4, 3, 8, 8))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("[tool.nnlint]\n", encoding="utf-8")
    (tmp_path / "clean.py").write_text(CLEAN, encoding="utf-8")
    return tmp_path


@pytest.fixture
def broken(folder: Path) -> Path:
    break_a_file(folder)
    return folder


@pytest.fixture
def warned(folder: Path) -> Path:
    (folder / "net.py").write_text(WARNED, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "arguments",
    [
        ("--output-format", "concise,json:out.json"),
        ("--output-format", "concise", "--output-format", "json:out.json"),
    ],
)
def test_several_formats_go_to_several_places(broken: Path, arguments: tuple[str, ...]) -> None:
    done = nnlint(*arguments, cwd=broken)
    assert (done.returncode, done.stdout.partition(": ")[0]) == (1, "broken.py:2:1")
    assert len(json.loads((broken / "out.json").read_text(encoding="utf-8"))) == 1


def test_the_format_without_a_file_goes_to_the_output_file(broken: Path) -> None:
    done = nnlint("--output-format", "concise", "--output-file", "out.txt", cwd=broken)
    assert (done.returncode, done.stdout) == (1, "")
    assert (broken / "out.txt").read_text(encoding="utf-8").startswith("broken.py:2:1: NN000")


def test_the_full_report_in_a_file_has_no_colours(broken: Path) -> None:
    nnlint("--output-file", "out.txt", cwd=broken, FORCE_COLOR="1")
    assert "\x1b" not in (broken / "out.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["missing/out.json", "taken"])
def test_a_file_that_can_not_be_written_is_one_clear_line(broken: Path, name: str) -> None:
    (broken / "taken").mkdir()
    done = nnlint("--output-format", f"json:{name}", cwd=broken)
    assert done.returncode == 2
    assert done.stderr.startswith(f"nnlint: `{name}` can not be written: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--output-format", "sarfi"], "unknown format `sarfi`: did you mean `sarif`?"),
        (["--output-format", "full,sarif"], "only one report goes to standard output: name a file, as `sarif:FILE`"),
        (["--output-format", "sarif:"], "`sarif:` names no file"),
        (["--output-format", "sarif:a", "--output-file", "b"], "--output-file is for a format without a file"),
        (["--output-format", "sarif:a,json:./a"], "two reports go to the same file"),
        (["--quiet", "--verbose"], "--quiet and --verbose do not go together"),
        (["--statistics", "--output-format", "sarif"], "--statistics has the formats full, concise, json, not sarif"),
    ],
)
def test_what_does_not_go_together_is_said(broken: Path, arguments: list[str], told: str) -> None:
    done = nnlint(*arguments, cwd=broken)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


def test_the_environment_names_the_default_format(broken: Path) -> None:
    assert nnlint(cwd=broken, NNLINT_OUTPUT_FORMAT="concise").stdout.startswith("broken.py:2:1: NN000")


def test_the_command_line_is_over_the_environment(broken: Path) -> None:
    done = nnlint("--output-format", "concise", cwd=broken, NNLINT_OUTPUT_FORMAT="json")
    assert done.stdout.startswith("broken.py:2:1: NN000")


def test_a_wrong_format_in_the_environment_is_said_where(broken: Path) -> None:
    assert "NNLINT_OUTPUT_FORMAT: unknown format `x`" in nnlint(cwd=broken, NNLINT_OUTPUT_FORMAT="x").stderr


def test_github_actions_do_not_change_the_default(broken: Path) -> None:
    assert nnlint(cwd=broken, GITHUB_ACTIONS="true").stdout.startswith("error[NN000]")


@pytest.mark.parametrize("name", ["jsonl", "sarif", "github", "gitlab", "junit", "rdjson"])
def test_every_format_tells_of_the_finding(broken: Path, name: str) -> None:
    done = nnlint("--output-format", name, cwd=broken)
    assert (done.returncode, done.stderr) == (1, "")
    assert "NN000" in done.stdout


def test_statistics_count_by_rule(broken: Path) -> None:
    break_a_file(broken, "other.py")
    assert nnlint("--statistics", cwd=broken).stdout == "2  NN000  unreadable-file\n"


def test_statistics_are_told_in_json(broken: Path) -> None:
    rows = json.loads(nnlint("--statistics", "--output-format", "json", cwd=broken).stdout)
    assert rows == [{"code": "NN000", "name": "unreadable-file", "count": 1, "fixable": 0}]


def test_the_files_are_shown_and_nothing_else(broken: Path) -> None:
    done = nnlint("--show-files", cwd=broken)
    assert (done.returncode, done.stdout, done.stderr) == (0, "broken.py\nclean.py\n", "")


def test_quiet_leaves_the_summary_out(folder: Path) -> None:
    assert nnlint("--quiet", cwd=folder).stdout == ""


def test_quiet_leaves_notes_out(folder: Path) -> None:
    (folder / "empty").mkdir()
    assert nnlint("--quiet", "empty", cwd=folder).stderr == ""


def test_quiet_shows_findings(broken: Path) -> None:
    assert "error[NN000]" in nnlint("--quiet", cwd=broken).stdout


def test_verbose_tells_of_settings_and_files(folder: Path) -> None:
    done = nnlint("--verbose", cwd=folder)
    assert done.stdout == "Found no problems in 1 file\n"
    assert "pyproject.toml" in done.stderr.splitlines()[0]
    assert "nnlint: reading clean.py" in done.stderr


@pytest.mark.parametrize(("severity", "status"), [("error", 0), ("warning", 1), ("information", 1)])
def test_only_what_is_grave_enough_fails(warned: Path, severity: str, status: int) -> None:
    done = nnlint("--fail-on", severity, "--output-format", "concise", cwd=warned)
    assert done.returncode == status
    assert "NN501" in done.stdout


def test_an_excluded_file_is_checked_where_it_is_named(broken: Path) -> None:
    (broken / "pyproject.toml").write_text('[tool.nnlint]\nexclude = ["broken.py"]\n', encoding="utf-8")
    assert nnlint("broken.py", cwd=broken).returncode == 1


@pytest.mark.parametrize("name", ["broken.py", "old/broken.py", "venv/broken.py", "old"])
def test_an_excluded_file_is_left_out_by_force(broken: Path, name: str) -> None:
    (broken / "pyproject.toml").write_text('[tool.nnlint]\nexclude = ["/broken.py", "old/"]\n', encoding="utf-8")
    for path in ("old/broken.py", "venv/broken.py"):
        break_a_file(broken, path)
    done = nnlint("--force-exclude", name, cwd=broken)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("marker", [".git/HEAD", "pyproject.toml", ""])
@pytest.mark.parametrize("around", [".cache", "build", "a/.hidden/b"])
def test_a_project_in_a_hidden_folder_is_checked(tmp_path: Path, around: str, marker: str) -> None:
    project = tmp_path / around / "project"
    break_a_file(project, "broken.py")
    if marker:
        (project / marker).parent.mkdir(exist_ok=True)
        (project / marker).write_text("", encoding="utf-8")
    assert nnlint("--force-exclude", "broken.py", cwd=project).returncode == 1


@pytest.mark.parametrize("marker", [".git/HEAD", "pyproject.toml"])
def test_a_package_with_a_project_file_of_its_own_is_left_out_with_the_folder_around_it(
    tmp_path: Path, marker: str
) -> None:
    (tmp_path / marker).parent.mkdir(exist_ok=True)
    (tmp_path / marker).write_text("", encoding="utf-8")
    break_a_file(tmp_path, "venv/lib/broken.py")
    (tmp_path / "venv" / "lib" / "setup.py").write_text("", encoding="utf-8")
    assert nnlint("--force-exclude", "venv/lib/broken.py", cwd=tmp_path).returncode == 0


def test_what_is_not_excluded_is_checked_all_the_same(broken: Path) -> None:
    (broken / "pyproject.toml").write_text('[tool.nnlint]\nexclude = ["old/"]\n', encoding="utf-8")
    assert nnlint("--force-exclude", "broken.py", "clean.py", cwd=broken).returncode == 1


def test_a_file_is_written_over_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "out"
    file.write_text("a much longer text that was there", encoding="utf-8")
    write_file(str(file), "new")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert file.read_text(encoding="utf-8") == "new"


def test_what_is_no_regular_file_stays_what_it_is() -> None:
    write_file(os.devnull, "text")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def split_over_two_files(folder: Path) -> None:
    """The network is trained by a file that knows nothing of it."""
    (folder / "trainer.py").write_text(
        "import torch\nfrom torch import nn\n\n\ndef loss(net, x, y):\n    return nn.CrossEntropyLoss()(net(x), y)\n",
        encoding="utf-8",
    )
    (folder / "train.py").write_text(
        "import torch\nfrom torch import nn\nfrom trainer import loss\n\n"
        "net = nn.Sequential(nn.Linear(8, 4), nn.Softmax(dim=1))\nloss(net, torch.randn(4, 8), torch.tensor([1]))\n",
        encoding="utf-8",
    )


def test_the_whole_project_is_read_for_one_file(folder: Path) -> None:
    split_over_two_files(folder)
    arguments = ("trainer.py", "--select", "NN101", "--output-format", "concise")
    assert nnlint(*arguments, cwd=folder).stdout == ""
    assert nnlint(*arguments, "--whole-project", cwd=folder).stdout.startswith("trainer.py:6:12: NN101")


def test_of_the_whole_project_only_what_is_named_is_told(broken: Path) -> None:
    done = nnlint("--whole-project", "clean.py", cwd=broken)
    assert (done.returncode, done.stdout) == (0, "Found no problems in 1 file\n")
