"""What a run shows of modes that were meant and not set, where no fixture shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.probed import probed

pytestmark = pytest.mark.torch

NORMED = "net = nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.Linear(16, 3))\n"
TRAINED = "net.train()\nF.cross_entropy(net(x), y).backward()\n"


def test_a_method_that_is_named_and_not_called_is_seen(tmp_path: Path) -> None:
    run = probed(tmp_path, "net.eval\nprint(net(x).argmax(1))\n")
    assert run.says("NN310", "net.eval") == "confirmed"


def test_one_that_is_called_is_no_finding(tmp_path: Path) -> None:
    assert "NN310" not in probed(tmp_path, "net.eval()\nprint(net(x).argmax(1))\n").standing


def test_a_frozen_norm_that_counts_on_is_seen(tmp_path: Path) -> None:
    frozen = "for each in net[:2].parameters():\n    each.requires_grad = False\n"
    assert probed(tmp_path, NORMED + frozen + TRAINED).says("NN311", "requires_grad = False") == "confirmed"


def test_one_in_evaluation_mode_is_no_finding(tmp_path: Path) -> None:
    frozen = "for each in net[:2].parameters():\n    each.requires_grad = False\n"
    run = probed(tmp_path, NORMED + frozen + TRAINED.replace("net.train()", "net[1].eval()"))
    assert run.says("NN311", "requires_grad = False") != "confirmed"
