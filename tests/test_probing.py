"""The probe from end to end: as a user calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nnlint.probe.probing import is_script

pytestmark = pytest.mark.torch

NETWORK = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.conv = nn.Conv1d(3, width, 3)
        self.norm = nn.BatchNorm1d(width)
        self.head = nn.Linear(width, 4)

    def forward(self, x):
        return self.head(torch.relu(self.norm(self.conv(x))).mean(-1))
"""
TRAINING = """
import sys
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset
from {package}net import Net

torch.manual_seed(0)
net = Net(*map(int, sys.argv[1:]))
optimizer = optim.SGD(net.parameters(), lr=0.1)
x, y = torch.randn(400, 3, 12), torch.randint(0, 4, (400,))
loader = DataLoader(TensorDataset(x, y), batch_size=8, shuffle=True, num_workers=2)
for epoch in range(100):
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(inputs), labels)
        loss.backward()
        optimizer.step()
    print(epoch, f"{{loss.item():.9f}}")
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "net.py").write_text(NETWORK, encoding="utf-8")
    (tmp_path / "train.py").write_text(TRAINING.format(package=""), encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    return tmp_path


def test_a_finding_in_a_file_that_the_script_imports_is_confirmed(project: Path) -> None:
    status, findings, _ = probed(project, "train.py")
    assert status == 1
    assert [(each["code"], each["path"], each["verdict"]["status"]) for each in findings] == [
        ("NN501", "net.py", "confirmed")
    ]


def test_the_scripts_own_arguments_stand_behind_two_dashes(project: Path) -> None:
    status, _, printed = run(project, "probe", "train.py", "--", "7")
    assert status == 1
    assert "ran to its end" in printed
    assert "could not" not in printed


def test_a_module_is_run_as_python_would(project: Path) -> None:
    package = project / "app"
    package.mkdir()
    (package / "__init__.py").touch()
    (project / "net.py").rename(package / "net.py")
    (package / "train.py").write_text(TRAINING.format(package="."), encoding="utf-8")
    status, findings, _ = probed(project, "-m", "app.train")
    assert (status, [each["path"] for each in findings]) == (1, ["app/net.py"])
    status, _, printed = run(project, "probe", "app/train.py")
    assert status == 2
    assert "nnlint probe -m app.train" in printed


def test_a_check_probes_the_scripts_among_the_files(project: Path) -> None:
    status, findings, _ = probed(project, "--probe", ".", command="check")
    assert (status, [each["verdict"]["status"] for each in findings]) == (1, ["confirmed"])


def test_suppressed_findings_stay_suppressed(project: Path) -> None:
    text = NETWORK.replace("nn.Conv1d(3, width, 3)", "nn.Conv1d(3, width, 3)  # nnlint: ignore[NN501]")
    (project / "net.py").write_text(text, encoding="utf-8")
    assert probed(project, "train.py")[:2] == (0, [])


def test_the_script_computes_what_it_computes_without_the_probe(project: Path) -> None:
    """Every loss is the same to the last digit, where the loops are too short to be cut."""
    script = (project / "train.py").read_text(encoding="utf-8")
    for long, short in (("range(100)", "range(2)"), ("400", "24"), (", num_workers=2", "")):
        script = script.replace(long, short)
    (project / "train.py").write_text(script, encoding="utf-8")
    alone = subprocess.run([sys.executable, "train.py"], cwd=project, capture_output=True, text=True, check=True)
    seen = subprocess.run(
        [sys.executable, "-c", WITH_OUTPUT, "train.py"], cwd=project, capture_output=True, text=True, check=True
    )
    assert alone.stdout.count("\n") == 2
    assert seen.stdout.strip() == alone.stdout.strip()


WITH_OUTPUT = """
import sys
from nnlint.probe import session
from nnlint.probe.limits import Request
print(session.run(Request(sys.argv[1], recipe=True)).output)
"""


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import torch\nraise KeyError('weights')\n", "KeyError"),
        ("import torch\nopen('data.csv')\n", "--fake-data"),
        ("import torch\nimport sys\nsys.exit('no data')\n", "no data"),
        ("def broken(:\n", "is no Python"),
        ("import nothing_like_this\n", "nothing_like_this"),
        (
            "import argparse\np = argparse.ArgumentParser()\np.add_argument('--data', required=True)\np.parse_args()\n",
            "--",
        ),
    ],
)
def test_a_script_that_can_not_run_is_a_message(tmp_path: Path, source: str, words: str) -> None:
    (tmp_path / "train.py").write_text(source, encoding="utf-8")
    status, _, printed = run(tmp_path, "probe", "train.py")
    assert status == 2
    assert words in printed
    assert "train.py" in printed


def test_a_missing_script_is_a_message(tmp_path: Path) -> None:
    (tmp_path / "train.py").touch()
    status, _, printed = run(tmp_path, "probe", "trian.py")
    assert (status, "did you mean `train.py`" in printed) == (2, True)


def test_the_recipe_is_told_check_by_check(project: Path) -> None:
    _, _, printed = run(project, "probe", "--recipe", "train.py")
    for check in ("loss at the start", "overfits one batch", "samples independent", "input matters", "same seed"):
        assert check in printed
    assert "expected 1.386 (ln 4" in printed


def test_what_is_a_script(tmp_path: Path) -> None:
    def told(name: str, source: str) -> bool:
        (tmp_path / name).write_text(source, encoding="utf-8")
        return is_script(tmp_path / name)

    assert told("a.py", "import torch\nif __name__ == '__main__':\n    main()\n")
    assert told("b.py", "import torch\nfor epoch in range(3):\n    pass\n")
    assert not told("c.py", "import torch\n\ndef train():\n    pass\n")
    assert not told("d.py", "print('hello')\n")
    assert not told("test_e.py", "import torch\nmain()\n")
    assert not is_script(tmp_path / "missing.py")


def probed(folder: Path, *arguments: str, command: str = "probe") -> tuple[int, list[dict[str, Any]], str]:
    """Exit status, findings as JSON has them, what was said on standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "nnlint", command, "--output-format", "json", "--select", "NN501", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout or "[]"), done.stderr


def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "nnlint", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stdout + done.stderr
