"""A function whose calls are known is not run once more; what it did, it may have done in such a call as well."""

from __future__ import annotations

import pytest

from nnlint.interpreter import calls
from nnlint.values import Gradients, Scale
from tests.interpreting import gradients, kept, layers, scales, seen

RUNS = 3

CONV = """
class Conv(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)

    def forward(self, x):
        return self.conv(x)

x = torch.randn(4, 3, 8, 8)
norm = nn.BatchNorm2d(3)
"""
TRAINED = """
x, y = torch.load("batch")
net = nn.Linear(8, 4)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
"""


@pytest.fixture(autouse=True)
def few_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "MOST_CALLS", RUNS)
    monkeypatch.setattr(calls, "MOST_SPENT", 0)


def test_a_function_that_costs_little_is_run_as_often_as_it_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    source = "def double(n):\n    return 2 * n\n" + "n = double(3)\n" * (RUNS + 1) + "see(n)"
    assert seen(source) == [None]
    monkeypatch.setattr(calls, "MOST_SPENT", 1_000)
    assert seen(source) == [6]


def test_what_a_call_that_is_not_run_returns_may_feed_no_norm() -> None:
    normed = CONV + "norm(Conv()(x))\n" * RUNS
    assert any(layer.fed_by for layer in layers(normed))
    assert not any(layer.fed_by for layer in layers(normed + "out = Conv()(x)"))


def test_a_call_that_is_not_run_may_clear_gradients() -> None:
    clear = "def clear():\n    optimizer.zero_grad()\n"
    step = "clear()\nF.cross_entropy(net(x), y).backward()\noptimizer.step()\n"
    assert Gradients.REUSED not in gradients(TRAINED + clear + step * (RUNS + 1))


def test_a_call_that_is_not_run_may_return_a_detached_loss() -> None:
    compute = """
def compute(scores):
    loss = F.cross_entropy(scores, y)
    return loss.data, loss

"""
    step = "    loss, node = compute(net(x))\n    optimizer.zero_grad()\n    node.backward()\n    optimizer.step()\n"
    again = "total = 0\nfor i in range(100):\n" + step + "    total += loss\n"
    assert kept(TRAINED + compute + "compute(net(x))\n" * RUNS + again) == []


def test_a_call_that_is_not_run_returns_the_argument_that_those_of_its_kind_did() -> None:
    checked = "def checked(z=None, *, name=''):\n    return z if z is not None else name\n"
    before = checked + "checked(scores)\n" * RUNS + "checked(name='')\n"
    assert scales(before + "F.cross_entropy(checked(probs), y)") == [Scale.PROBABILITIES]
    assert scales(before + "F.cross_entropy(checked(probs, name='p'), y)") == [Scale.UNKNOWN]
