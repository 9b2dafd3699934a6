"""What a run shows of gradients and steps, where no fixture shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.probed import probed

pytestmark = pytest.mark.torch

LOOP = """
for inputs, labels in loader:
    {first}
    loss = F.cross_entropy(net(inputs), labels)
    loss.backward()
    optimizer.step()
    {last}
"""


def test_gradients_that_are_used_twice_are_seen(tmp_path: Path) -> None:
    run = probed(tmp_path, LOOP.format(first="pass", last="pass"))
    assert run.standing >= {"NN201"}
    assert run.says("NN201", "loss.backward()", ground="optimizer.step()") == "confirmed"


@pytest.mark.parametrize(
    "clears",
    ["optimizer.zero_grad()", "[each.grad.zero_() for each in net.parameters()]", "net.zero_grad(set_to_none=False)"],
)
def test_however_they_are_cleared_it_refutes(tmp_path: Path, clears: str) -> None:
    run = probed(tmp_path, LOOP.format(first="pass", last=clears))
    assert run.says("NN201", "loss.backward()", ground="optimizer.step()") == "refuted"


def test_of_one_step_nothing_follows(tmp_path: Path) -> None:
    run = probed(tmp_path, LOOP.format(first="pass", last="break"))
    assert run.says("NN201", "loss.backward()", ground="optimizer.step()") == "undecided"


def test_a_closure_is_followed(tmp_path: Path) -> None:
    text = """
optimizer = torch.optim.LBFGS(net.parameters(), max_iter=3)
def closure():
    optimizer.zero_grad()
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    return loss
for _ in range(3):
    optimizer.step(closure)
"""
    assert not probed(tmp_path, text).standing
