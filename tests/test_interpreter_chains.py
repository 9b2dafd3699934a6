"""Layers that follow each other, of which the weights are filled with one number."""

from __future__ import annotations

import pytest

from nnlint.events import WeightsFilled
from tests.interpreting import events, pick

NETWORK = """
from elsewhere import flag

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = {first}, {second}
        for m in (self.first, self.second):
            {fill}

    def forward(self, x):
        return self.second({between}(self.first(x)))

net = Net()
{then}
net(torch.randn(2, 4))
"""
FIRST, SECOND = "nn.Linear(4, 8)", "nn.Linear(8, 2)"
FILL = "nn.init.constant_(m.weight, 0.1)"
ALL = f"{FILL}; nn.init.zeros_(m.bias)"


def tied(
    fill: str = ALL, first: str = FIRST, second: str = SECOND, between: str = "F.relu", then: str = ""
) -> list[tuple[str, str]]:
    source = NETWORK.format(fill=fill, first=first, second=second, between=between, then=then)
    return [(each.layer, each.following) for each in pick(WeightsFilled, events(source))]


@pytest.mark.parametrize("between", ["F.relu", "torch.tanh", "nn.BatchNorm1d(8)", "(lambda h: F.gelu(h).view(2, 8))"])
def test_the_units_between_two_filled_layers_stay_alike(between: str) -> None:
    assert tied(between=between) == [("first", "second")]


@pytest.mark.parametrize(
    "fill",
    [
        "m.weight.data.fill_(0.1); m.bias.data.zero_()",
        "nn.init.zeros_(m.weight); nn.init.constant_(m.bias, 1.0)",
        f"{FILL}; m.bias is not None and nn.init.zeros_(m.bias)",
    ],
)
def test_layers_are_filled_by_functions_and_methods(fill: str) -> None:
    assert tied(fill) == [("first", "second")]


def test_a_layer_without_bias_needs_none_filled() -> None:
    assert tied(FILL, "nn.Linear(4, 8, bias=False)") == [("first", "second")]


@pytest.mark.parametrize(
    "case",
    [
        {"fill": FILL},  # the biases are drawn by torch
        {"fill": f"{ALL}; nn.init.xavier_uniform_(m.weight)"},
        {"fill": f"if flag: {ALL}"},
        {"first": "nn.Linear(4, 1)", "second": "nn.Linear(1, 2)"},
        {"between": "F.dropout"},
        {"between": "torch.randn(2, 8).add"},
        {"then": "nn.init.normal_(net.second.weight)"},
        {"then": "net.load_state_dict(torch.load('state'))"},
    ],
)
def test_something_tells_the_units_apart(case: dict[str, str]) -> None:
    assert not tied(**case)
