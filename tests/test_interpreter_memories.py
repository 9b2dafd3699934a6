"""Writes in place: into parameters, and into what the backward pass reads again. Torch raises for each that is told."""

from __future__ import annotations

import pytest

from nnlint.events import WrittenInPlace
from tests.interpreting import PRELUDE, events

MODEL = """
net = nn.Linear(4, 4)
norm = nn.LayerNorm(4)
weight = nn.Parameter(torch.zeros(4))
x = net(torch.randn(4, 4))
"""


def told(source: str) -> list[WrittenInPlace]:
    return [event for event in events(PRELUDE + MODEL + source) if isinstance(event, WrittenInPlace)]


KEPT = [
    "y = torch.sigmoid(x); y *= 2",
    "y = x.tanh(); y[0] = 0",
    "y = F.softmax(x, dim=1); y.masked_fill_(y > 0.5, 0.0)",
    "y = x.exp(); y.view(-1).add_(1)",
    "y = F.relu(x); y += x",
    "y = nn.ReLU(inplace=True)(x); y = F.relu(y, inplace=True)",
    "y = x + net(x); x += 1",
    "y = norm(x); x += 1",
    "y = x * weight; x[0] = 1",
    "y = F.gelu(x); x.transpose(0, 1).mul_(2)",
    "y = x @ x.t(); x /= 2",
    "y = x; y += net(y)",
]


@pytest.mark.parametrize("write", KEPT)
def test_what_backward_reads_and_is_written_before_is_told(write: str) -> None:
    assert told(f"{write}\ny.sum().backward()")


@pytest.mark.parametrize("write", KEPT)
def test_without_a_backward_nothing_is(write: str) -> None:
    assert not told(write)


@pytest.mark.parametrize(
    "write",
    [
        "y = x + 1; y += x",
        "y = torch.sigmoid(x); y = y * 2",
        "y = torch.sigmoid(x).clone(); y *= 2",
        "y = F.dropout(x.softmax(-1), 0.5); y[0] = 0",
        "y = x.mean(0) + x.sum(0); x += 1",
        "y = x * 2; x += 1",
        "y = torch.sigmoid(x)[torch.tensor([0, 1])]; y += 1",
        "y = x.clone(); y *= weight; y *= weight",
        "y = x.clone(); y.clamp_(0, 1); y += 1",
        "y = norm(x); y += 1",
        "y = F.gelu(x); y += 1",
        "y = x + 0; shown = torch.sigmoid(x); shown[0] = 1",
        "y = torch.empty(4, 4); y[0] = x[0]; y[1] = x[1]",
    ],
)
def test_what_backward_does_not_read_may_be_written(write: str) -> None:
    assert not told(f"{write}\ny.sum().backward()")


def test_a_write_behind_backward_spoils_nothing() -> None:
    assert not told("y = torch.sigmoid(x); y.sum().backward(); y *= 2")


@pytest.mark.parametrize(
    "write",
    [
        "weight.clamp_(0, 1)",
        "net.weight[0] = 0",
        "for p in net.parameters(): p -= 0.1",
        "z = torch.zeros(3, requires_grad=True); z += 1",
    ],
)
def test_a_leaf_that_gets_gradients_is_not_written(write: str) -> None:
    assert {event.leaf for event in told(write)} == {True}


@pytest.mark.parametrize(
    "write",
    [
        "with torch.no_grad(): weight.clamp_(0, 1)",
        "net.weight.data[0] = 0",
        "nn.init.zeros_(net.bias)",
        "for p in net.parameters(): p.grad.zero_()",
        "for p in net.parameters(): p.requires_grad = False; p.mul_(2)",
        "fixed = nn.Parameter(torch.zeros(4), requires_grad=False); fixed.zero_()",
        "z = torch.zeros(3, requires_grad=True); z.requires_grad_(False); z += 1",
        "def average(a, b):\n    for p, q in zip(a.parameters(), b.parameters()):\n        p.mul_(0.9).add_(q)",
    ],
)
def test_without_gradients_it_may_be(write: str) -> None:
    assert not told(write)


def test_what_an_earlier_run_of_the_module_kept_is_no_business_of_a_function() -> None:
    """A function that nothing calls is run with the globals that the module made."""
    assert not told("total = (net(x) - 1).sum()\ndef give():\n    return total")


def test_the_data_of_a_parameter_may_be_written() -> None:
    assert not told("weight.data.sub_(0.1)\nother = torch.zeros(4, requires_grad=True)\nother.data.mul_(2)")
