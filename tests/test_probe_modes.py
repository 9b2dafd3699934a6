"""What a run shows of modes, where fixtures do not."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from nnlint.probe.session import Testimony as Heard
from nnlint.probe.verdicts import judge
from tests.nursery import Nursery

pytestmark = pytest.mark.torch

NETWORK = """
import torch
from torch import nn
from torch.nn import functional as F

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Linear(6, 16), nn.Linear(16, 2)

    def forward(self, x):
        return self.head(F.dropout(F.relu(self.body(x)), 0.5, training=self.training))

    def train(self, {arguments}):
        {body}

torch.manual_seed(0)
net = Net()
optimizer = torch.optim.Adam(net.parameters())
x, y = torch.randn(64, 6), torch.randint(0, 2, (64,))

def steps():
    for first in range(0, 64, 16):
        optimizer.zero_grad()
        F.cross_entropy(net(x[first:first + 16]), y[first:first + 16]).backward()
        optimizer.step()

def evaluate():
    with torch.no_grad():
        return net(x).argmax(1).eq(y).float().mean()
"""
PLAIN = NETWORK.format(arguments="mode=True", body="return super().train(mode)")


def test_a_functional_dropout_is_a_layer_with_a_mode(tmp_path: Path) -> None:
    heard = run(tmp_path, PLAIN + "steps()\nprint(evaluate())\nsteps()\n")
    assert codes(heard) == {"NN301"}


def test_an_evaluation_in_evaluation_mode_is_silent(tmp_path: Path) -> None:
    heard = run(tmp_path, PLAIN + "steps()\nnet.eval()\nprint(evaluate())\nnet.train()\nsteps()\n")
    assert codes(heard) == set()


@pytest.mark.parametrize(
    ("arguments", "body", "call"),
    [
        ("loader, epochs", "[steps() for _ in range(epochs)]", "net.train([], 2)"),
        ("mode=True, freeze=False", "return super().train(mode)", "net.train(True, freeze=True)"),
        ("loader=None", "steps()", "net.train()"),
    ],
)
def test_a_train_of_another_meaning_is_left_alone(tmp_path: Path, arguments: str, body: str, call: str) -> None:
    heard = run(tmp_path, NETWORK.format(arguments=arguments, body=body) + f"steps()\n{call}\n")
    assert heard.how == "finished", heard.error
    assert codes(heard) == set()


def run(folder: Path, script: str) -> Heard:
    (folder / "train.py").write_text(script, encoding="utf-8")
    heard = nursery().run(folder, "train.py")
    assert not heard.faults
    return heard


def codes(heard: Heard) -> set[str]:
    return {
        each.finding.code for each in judge(heard, ["NN301", "NN302", "NN303", "NN309", "NN310"]) if each.sighting.alone
    }


@cache
def nursery() -> Nursery:
    return Nursery()
