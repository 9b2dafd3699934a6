"""Linear layers in a row: told where nothing else uses what stands between them."""

from __future__ import annotations

import pytest

from nnlint.events import LayersChained
from tests.interpreting import events, pick

NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(8, 16)
        self.two = nn.Linear(16, 16)
        self.drop = nn.Dropout(0.1)
        self.norm = nn.LayerNorm(16)
    def forward(self, x):
        BODY
Net()(torch.zeros(4, 8))
"""


def chained(body: str) -> list[tuple[str, str]]:
    told = events(NET.replace("BODY", "\n        ".join(body.split("; "))))
    return [(event.first, event.second) for event in pick(LayersChained, told)]


@pytest.mark.parametrize(
    "body",
    [
        "return self.two(self.one(x))",
        "x = self.one(x); return self.two(x)",
        "return self.two(self.drop(self.one(x)))",
        "return F.relu(self.two(F.dropout(self.one(x), 0.1, self.training)))",
    ],
)
def test_two_linear_layers_in_a_row_are_told(body: str) -> None:
    assert chained(body) == [("one", "two")]


@pytest.mark.parametrize(
    "body",
    [
        "return self.two(F.relu(self.one(x)))",
        "return self.two(F.gelu(self.one(x)))",
        "return self.two(self.norm(self.one(x)))",
        "h = self.one(x); return self.two(h) + h",
        "h = self.one(x); return self.two(h), h",
        "h = self.one(x); return torch.cat([self.two(h), h], dim=1)",
        "h = self.drop(self.one(x)); return self.two(h) * h",
        "h = self.one(x); return self.two(h), self.drop(h)",
        "h = self.drop(self.one(x)); return self.two(h), h",
        "h = self.one(x); return {'scores': self.two(h), 'features': h}",
        "self.features = self.one(x); return self.two(self.features)",
        "h = self.one(x) * torch.sigmoid(x.mean()); return self.two(h)",
        "h = self.one(x); torch.nn.functional.mse_loss(h, x); return self.two(h)",
    ],
)
def test_what_else_uses_the_first_excuses(body: str) -> None:
    assert chained(body) == []


@pytest.mark.parametrize(
    "layers",
    [
        "nn.Linear(64, 8), nn.Linear(8, 64)",
        "nn.Linear(64, 8), nn.Linear(8, 16)",
        "nn.Linear(n, m), nn.Linear(m, k)",
        "nn.Conv2d(8, 8, 3, groups=8), nn.Conv2d(8, 16, 1)",
        "nn.Conv2d(8, 8, 3), nn.Conv2d(8, 16, 1)",
        "nn.ConvTranspose2d(8, 8, 2), nn.Conv2d(8, 8, 3)",
        "nn.Linear(8, 8, bias=False), nn.Linear(8, 8)",
    ],
)
def test_bottlenecks_and_separable_convolutions_are_meant(layers: str) -> None:
    assert not pick(LayersChained, events(f"n, m, k = 4, 2, 6\nnn.Sequential({layers})(torch.load('x'))"))


@pytest.mark.parametrize("second", ["nn.Sigmoid()", "nn.Tanh()"])
def test_a_sigmoid_behind_a_relu_never_falls_below_a_half(second: str) -> None:
    (event,) = pick(LayersChained, events(f"nn.Sequential(nn.Linear(8, 4), nn.ReLU(), {second})(torch.load('x'))"))
    assert event.cut


@pytest.mark.parametrize("between", ["nn.Linear(4, 4)", "nn.BatchNorm1d(4)"])
def test_what_stands_between_makes_negative_values(between: str) -> None:
    net = f"nn.Sequential(nn.Linear(8, 4), nn.ReLU(), {between}, nn.Sigmoid())"
    assert not pick(LayersChained, events(f"{net}(torch.load('x'))"))


def test_fasttext_has_no_nonlinearity_by_design() -> None:
    source = NET.replace("BODY", "return self.two(self.one(x))").replace("Net", "FastText")
    assert not pick(LayersChained, events(source))
