"""Networks of which `forward` is called by name."""

from __future__ import annotations

import pytest

from nnlint.events import ForwardCalled
from nnlint.finding import Confidence
from tests.interpreting import events, pick

NETWORK = """
from elsewhere import flag, thing

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 2)
        {more}

    def forward(self, x):
        return {result}

{methods}
net = Net()
x = torch.randn(3, 4)
{call}
"""


def forwards(call: str = "net(x)", more: str = "pass", result: str = "self.layer(x)", methods: str = "") -> list[str]:
    source = NETWORK.format(call=call, more=more, result=result, methods=methods)
    return [each.called for each in pick(ForwardCalled, events(source))]


@pytest.mark.parametrize(
    ("case", "called"),
    [
        ({"call": "net.forward(x)"}, "net"),
        ({"call": "net.layer.forward(x)"}, "net.layer"),
        ({"call": "(net if flag else nn.Linear(4, 2)).forward(x)"}, "…"),
        ({"result": "self.layer.forward(x)"}, "self.layer"),
        ({"result": "(lambda h: self.layer.forward(h))(x)"}, "self.layer"),
        ({"call": "thing = torch.load('net'); thing.train(); thing.forward(x)"}, "thing"),
    ],
)
def test_forward_is_called_by_name(case: dict[str, str], called: str) -> None:
    assert forwards(**case) == [called]


@pytest.mark.parametrize(
    "case",
    [
        {"call": "thing.forward(x)"},  # not known to be a network
        {"call": "(net if flag else thing).forward(x)"},
        {"call": "forward = net.forward; forward(x)"},
        {"call": "torch.utils.checkpoint.checkpoint(net.forward, x)"},
        {"methods": "    def sample(self, x):\n        return self.forward(x)", "call": "net.sample(x)"},
        {"methods": "    def __call__(self, x):\n        return x", "call": "net.forward(x)"},
        {
            "methods": "class Son(Net):\n    def forward(self, x):\n        return super().forward(x)",
            "call": "Son()(x)",
        },
        {
            "methods": "class Son(Net):\n    def forward(self, x):\n        return Net.forward(self, x)",
            "call": "Son()(x)",
        },
        {"more": "self.forward = lambda x: x", "call": "net.forward(x)"},
    ],
)
def test_what_is_no_call_by_name_of_a_network(case: dict[str, str]) -> None:
    assert not forwards(**case)


def test_it_is_likely_where_only_its_mode_says_that_it_is_a_network() -> None:
    (event,) = pick(ForwardCalled, events("def f(net, x):\n    net.eval()\n    net.forward(x)"))
    assert event.confidence is Confidence.LIKELY
    assert event.network is None


def test_where_a_hook_was_registered_is_known() -> None:
    call = "net.layer.register_forward_hook(print)\nnet.layer.forward(x)"
    (event,) = pick(ForwardCalled, events(NETWORK.format(call=call, more="pass", result="x", methods="")))
    assert event.hooked is not None
    assert event.network == "Linear"
