"""What a session in an editor is about: a project with a bug whose two halves are in two files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

EDITORS = Path(__file__).parent / "editors"
LIMIT = 240
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
    optimizer.zero_grad()
    loss = criterion(net(torch.randn(4, 8)), torch.tensor([0, 1, 2, 0]))
    loss.backward()
    optimizer.step()
"""


def project(folder: Path) -> Path:
    """Write the project."""
    (folder / "pyproject.toml").write_text("[tool.nnlint]\n", encoding="utf-8")
    (folder / "model.py").write_text(MODEL, encoding="utf-8")
    (folder / "train.py").write_text(TRAIN, encoding="utf-8")
    return folder


def play(command: list[str], folder: Path) -> str:
    """Run an editor with a script, which is told what to start and where; what it says about what it saw."""
    home = folder.with_name(f"{folder.name}-home")  # the settings of whoever runs the tests stay out
    home.mkdir()
    server = "\n".join([sys.executable, "-m", "nnlint", "server"])
    told = {"SERVER": server, "FOLDER": str(folder), "HOME": str(home), "XDG_STATE_HOME": str(home)}
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **told},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "all is well" in done.stdout, done.stdout
    return done.stdout
