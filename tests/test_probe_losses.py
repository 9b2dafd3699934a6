"""What a run shows of losses, where no fixture shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.probed import probed

pytestmark = pytest.mark.torch

STEP = "loss.backward()\noptimizer.step()\n"


def test_probabilities_are_measured(tmp_path: Path) -> None:
    run = probed(tmp_path, "loss = F.cross_entropy(net(x).softmax(1), y)\n" + STEP)
    assert run.says("NN101", "cross_entropy") == "confirmed"


def test_raw_scores_refute(tmp_path: Path) -> None:
    run = probed(tmp_path, "loss = F.cross_entropy(net(x), y)\n" + STEP)
    assert run.says("NN101", "cross_entropy") == "refuted"


def test_of_numbers_that_nothing_known_made_nothing_follows(tmp_path: Path) -> None:
    run = probed(tmp_path, "scores = torch.rand(64, 3, requires_grad=True)\nF.cross_entropy(scores, y).backward()\n")
    assert run.says("NN101", "cross_entropy") == "undecided"


def test_losses_that_raise_or_are_of_nothing_do_no_harm(tmp_path: Path) -> None:
    text = "try:\n    F.cross_entropy(net(x), None)\nexcept TypeError:\n    pass\nF.mse_loss(x[:0], x[:0])\n"
    assert not probed(tmp_path, text).standing
