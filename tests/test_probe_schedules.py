"""What a run shows of learning-rate schedules, where no fixture shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.probed import probed

pytestmark = pytest.mark.torch

LOOP = """
scheduler = {made}
for _ in range({epochs}):
    for inputs, labels in loader:
        {first}
        optimizer.zero_grad()
        F.cross_entropy(net(inputs), labels).backward()
        optimizer.step()
    {last}
"""
STEPLR = "torch.optim.lr_scheduler.StepLR(optimizer, 1)"


def test_a_schedule_ahead_of_its_optimizer_is_seen(tmp_path: Path) -> None:
    run = probed(tmp_path, LOOP.format(made=STEPLR, epochs=1, first="scheduler.step()", last="pass"))
    assert run.says("NN213", "scheduler.step()") == "confirmed"


def test_one_behind_it_refutes(tmp_path: Path) -> None:
    run = probed(tmp_path, LOOP.format(made=STEPLR, epochs=2, first="pass", last="scheduler.step()"))
    assert run.says("NN213", "scheduler.step()") == "refuted"


def test_of_one_epoch_it_is_not_known_what_it_counts(tmp_path: Path) -> None:
    run = probed(tmp_path, LOOP.format(made=STEPLR, epochs=1, first="pass", last="scheduler.step()"))
    assert run.says("NN214", "scheduler.step()") == "undecided"


def test_one_within_another_is_stepped_by_that(tmp_path: Path) -> None:
    made = f"torch.optim.lr_scheduler.ChainedScheduler([{STEPLR}])"
    run = probed(tmp_path, LOOP.format(made=made, epochs=2, first="pass", last="scheduler.step()"))
    assert "NN215" not in run.standing
    assert run.says("NN215", "StepLR") == "refuted"
