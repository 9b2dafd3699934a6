"""Sigmoids and tanhs in a row, each behind a linear layer."""

from __future__ import annotations

import pytest

from nnlint.events import ActivationsStacked
from tests.interpreting import events, pick


def deepest(source: str) -> int:
    return max((event.number for event in pick(ActivationsStacked, events(source))), default=0)


def stack(*between: str) -> str:
    layers = ", ".join(f"nn.Linear(8, 8), {each}" for each in between)
    return f"nn.Sequential({layers}, nn.Linear(8, 2))(torch.load('x'))"


@pytest.mark.parametrize(
    ("between", "number"),
    [
        (["nn.Tanh()"] * 5, 5),
        (["nn.Sigmoid(), nn.Dropout(0.1)"] * 4, 4),
        (["nn.Tanh()", "nn.ReLU()", "nn.Tanh()"], 1),
        (["nn.BatchNorm1d(8), nn.Tanh()"] * 4, 0),
        (["nn.Tanh(), nn.LayerNorm(8)"] * 4, 1),
        (["nn.ReLU()"] * 4, 0),
    ],
)
def test_squashes_behind_linear_layers_are_counted(between: list[str], number: int) -> None:
    assert deepest(stack(*between)) == number


@pytest.mark.parametrize("step", ["x = x + torch.tanh(layer(x))", "x = torch.tanh(layer(x)) * x"])
def test_another_path_ends_a_stack(step: str) -> None:
    source = f"x = torch.load('x')\nfor layer in [nn.Linear(8, 8) for _ in range(5)]:\n    {step}\n"
    assert deepest(source) <= 1


def test_one_layer_over_and_over_is_a_recurrent_net() -> None:
    assert (
        deepest("cell = nn.Linear(8, 8)\nx = torch.load('x')\nfor _ in range(6):\n    x = torch.tanh(cell(x))\n") == 1
    )


@pytest.mark.parametrize(
    ("draw", "told"), [("xavier_uniform_(w)", False), ("normal_(w, std=1.0)", True), ("zeros_(w)", True)]
)
def test_a_spread_that_fits_the_layers_excuses(draw: str, told: bool) -> None:
    source = (
        f"layers = [nn.Linear(8, 8) for _ in range(5)]\nfor each in layers:\n    w = each.weight\n    nn.init.{draw}\n"
    )
    source += "x = torch.load('x')\nfor layer in layers:\n    x = torch.tanh(layer(x))\n"
    assert (deepest(source) == 5) is told
