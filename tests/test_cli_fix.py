"""`--fix` and its kin, run as users run them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.test_cli import nnlint

MODEL = """\
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        return F.softmax(self.head(x), dim=1)
"""
TRAIN = """\
import torch
from torch import nn

from model import Net

net = Net()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for step in range(3):
    loss = criterion(net(torch.randn(4, 8)), torch.tensor([0, 1, 2, 0]))
    loss.backward()
    optimizer.step()
"""
CLEARED = TRAIN.replace("    loss.backward()", "    optimizer.zero_grad()\n    loss.backward()")
RAW = MODEL.replace("F.softmax(self.head(x), dim=1)", "self.head(x)")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("[tool.nnlint]\n", encoding="utf-8")
    (tmp_path / "model.py").write_text(MODEL, encoding="utf-8")
    (tmp_path / "train.py").write_text(TRAIN, encoding="utf-8")
    return tmp_path


def texts(folder: Path) -> tuple[str, str]:
    return (folder / "model.py").read_text(encoding="utf-8"), (folder / "train.py").read_text(encoding="utf-8")


def test_safe_fixes_are_made_and_the_rest_is_told(folder: Path) -> None:
    done = nnlint("--fix", ".", cwd=folder)
    assert texts(folder) == (MODEL, CLEARED)
    assert done.returncode == 1
    assert "NN101" in done.stdout
    assert "NN201" not in done.stdout
    assert done.stderr == "nnlint: fixed 1 problem in 1 file: NN201\n"


def test_unsafe_fixes_too_in_the_files_where_they_belong(folder: Path) -> None:
    done = nnlint("--fix", "--unsafe-fixes", ".", cwd=folder)
    assert texts(folder) == (RAW, CLEARED)
    assert (done.returncode, done.stdout) == (0, "Found no problems in 2 files\n")
    assert done.stderr == "nnlint: fixed 2 problems in 2 files: NN101, NN201\n"


def test_a_fix_goes_to_the_file_where_it_belongs_though_another_was_named(folder: Path) -> None:
    nnlint("--fix", "--unsafe-fixes", "train.py", cwd=folder)
    assert texts(folder) == (RAW, CLEARED)


def test_unsafe_fixes_alone_change_nothing(folder: Path) -> None:
    assert nnlint("--unsafe-fixes", ".", cwd=folder).returncode == 1
    assert texts(folder) == (MODEL, TRAIN)


def test_fix_only_tells_of_nothing_else(folder: Path) -> None:
    done = nnlint("--fix-only", ".", cwd=folder)
    assert texts(folder) == (MODEL, CLEARED)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_difference_is_shown_and_nothing_written(folder: Path) -> None:
    done = nnlint("--diff", ".", cwd=folder)
    assert texts(folder) == (MODEL, TRAIN)
    assert done.returncode == 1
    assert "--- train.py\n+++ train.py\n" in done.stdout
    assert "\n+    optimizer.zero_grad()\n" in done.stdout
    assert nnlint("--diff", "model.py", cwd=folder).returncode == 0


def test_a_difference_can_be_applied_by_others(folder: Path) -> None:
    from subprocess import run

    patch = nnlint("--diff", "--unsafe-fixes", ".", cwd=folder).stdout
    run(["git", "apply", "-p0", "-"], input=patch, text=True, cwd=folder, check=True)
    assert texts(folder) == (RAW, CLEARED)


def test_standard_input_comes_back_fixed(folder: Path) -> None:
    done = nnlint("--fix", "-", "--stdin-filename", "train.py", cwd=folder, stdin=TRAIN)
    assert done.stdout == CLEARED
    assert texts(folder) == (MODEL, TRAIN)


def test_a_file_that_can_not_be_written_is_named_and_the_others_are_fixed(folder: Path) -> None:
    if os.getuid() == 0:
        pytest.skip("root may write everything")
    (folder / "other.py").write_text(TRAIN, encoding="utf-8")
    (folder / "train.py").chmod(0o444)
    done = nnlint("--fix", ".", cwd=folder)
    assert done.returncode == 2
    assert "train.py: can not be written" in done.stderr
    assert (folder / "other.py").read_text(encoding="utf-8") == CLEARED


def test_line_ends_marks_and_encodings_stay(folder: Path) -> None:
    text = "# coding: latin-1\n# \xfc\n" + TRAIN
    (folder / "train.py").write_bytes(text.replace("\n", "\r\n").encode("latin-1"))
    nnlint("--fix", ".", cwd=folder)
    expected = "# coding: latin-1\n# \xfc\n" + CLEARED
    assert (folder / "train.py").read_bytes() == expected.replace("\n", "\r\n").encode("latin-1")


def test_a_broken_file_costs_the_others_no_fix(folder: Path) -> None:
    (folder / "broken.py").write_text("import torch\nprint 'x'\n", encoding="utf-8")
    done = nnlint("--fix", ".", cwd=folder)
    assert texts(folder) == (MODEL, CLEARED)
    assert "NN000" in done.stdout


@pytest.mark.parametrize("option", ["--fix", "--diff", "--fix-only"])
def test_fixes_do_not_go_with_a_run(folder: Path, option: str) -> None:
    done = nnlint(option, "--probe", ".", cwd=folder)
    assert done.returncode == 2
    assert "--probe" in done.stderr


def test_a_notebook_is_fixed_in_its_cells_only(folder: Path) -> None:
    import json

    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Train\n", "it"]},
        {
            "cell_type": "code",
            "execution_count": 3,
            "metadata": {"tags": ["x"]},
            "outputs": [{"name": "stdout", "output_type": "stream", "text": ["1\n"]}],
            "source": "%matplotlib inline\n" + TRAIN[: TRAIN.index("for step")],
        },
        {
            "cell_type": "code",
            "execution_count": 4,
            "metadata": {},
            "outputs": [],
            "source": TRAIN[TRAIN.index("for step") :].splitlines(keepends=True),
        },
    ]
    data = {"cells": cells, "metadata": {"z": 1, "a": "\xfc"}, "nbformat": 4, "nbformat_minor": 4}
    before = json.dumps(data, indent=3)
    (folder / "train.ipynb").write_text(before, encoding="utf-8")
    done = nnlint("--fix", "train.ipynb", cwd=folder)
    assert "fixed 1 problem" in done.stderr
    after = (folder / "train.ipynb").read_text(encoding="utf-8")
    changed = [line for line in after.splitlines() if line not in before.splitlines()]
    assert [line.strip() for line in changed] == [r'"    optimizer.zero_grad()\n",']
