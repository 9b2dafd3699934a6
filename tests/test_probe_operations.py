"""What a run shows of softmax, logarithms and the like, where no fixture shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.probed import probed

pytestmark = pytest.mark.torch


def test_a_logarithm_of_probabilities_is_known_by_what_made_them(tmp_path: Path) -> None:
    run = probed(tmp_path, "shares = net(x).softmax(1)\nkept = shares[:, :2]\n(-torch.log(kept)).mean().backward()\n")
    assert run.says("NN110", "torch.log") == "confirmed"


def test_a_guarded_one_is_refuted(tmp_path: Path) -> None:
    run = probed(tmp_path, "shares = net(x).sigmoid().clamp(min=1e-6)\n(-torch.log(shares)).mean().backward()\n")
    assert run.says("NN111", "torch.log") == "refuted"


def test_of_numbers_that_nothing_known_made_nothing_follows(tmp_path: Path) -> None:
    assert probed(tmp_path, "print(torch.log(x.abs() + 1).mean())\n").says("NN111", "torch.log") == "undecided"


def test_what_holds_no_numbers_does_no_harm(tmp_path: Path) -> None:
    text = "kept = [x[:0].softmax(1), torch.arange(3).pow(2), torch.eye(3).to_sparse().sqrt(), x.long().clamp(0, 1)]\n"
    assert not probed(tmp_path, text).standing
