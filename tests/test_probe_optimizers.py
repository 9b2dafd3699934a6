"""What a run shows of what optimizers hold, where no fixture shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.probed import probed

pytestmark = pytest.mark.torch

STEPS = """
for _ in range(4):
    optimizer.zero_grad()
    F.cross_entropy(net(x), y).backward()
    optimizer.step()
"""


def test_a_head_that_came_later_is_seen(tmp_path: Path) -> None:
    run = probed(tmp_path, f"net[2] = nn.Linear(16, 3){STEPS}")
    assert "NN209" in run.standing


def test_one_that_is_added_to_the_optimizer_is_no_finding(tmp_path: Path) -> None:
    added = "net[2] = nn.Linear(16, 3)\noptimizer.add_param_group({'params': net[2].parameters()})"
    assert not probed(tmp_path, added + STEPS).standing & {"NN209", "NN210"}


def test_numbers_that_hardly_anyone_means_are_told_by_the_optimizer(tmp_path: Path) -> None:
    made = "rate = 10 ** 0\noptimizer = torch.optim.Adam(net.parameters(), lr={})"
    assert probed(tmp_path, made.format("rate") + STEPS).says("NN223", "Adam(") == "confirmed"
    assert probed(tmp_path, made.format("rate / 1000") + STEPS).says("NN223", "Adam(") == "refuted"


def test_optimizers_without_parameters_of_a_network_do_no_harm(tmp_path: Path) -> None:
    text = """
free = torch.zeros(3, requires_grad=True)
optimizer = torch.optim.SGD([free], lr=0.1)
free.sum().backward()
optimizer.step()
"""
    assert not probed(tmp_path, text).standing
