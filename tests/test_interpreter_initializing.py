"""Weights that are loaded, and initialized after that."""

from __future__ import annotations

import pytest

from nnlint.events import WeightsInitialized
from tests.interpreting import events, pick

SETUP = """
from torchvision import models

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU())
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        return self.head(self.body(x))

def init(m):
    if isinstance(m, nn.Linear):
        nn.init.xavier_uniform_(m.weight)

def by_name(m):
    if m.__class__.__name__.find("Linear") != -1:
        m.weight.data.normal_(0.0, 0.02)

net = Net()
state = torch.load("state")
"""


def lost(body: str) -> set[tuple[str, str]]:
    """The calls that initialize, and the layers whose loaded weights they lose."""
    return {(each.call, each.layer) for each in pick(WeightsInitialized, events(SETUP + body))}


@pytest.mark.parametrize("function", ["init", "by_name"])
def test_weights_that_were_loaded_are_lost_when_an_initialization_is_applied(function: str) -> None:
    told = lost(f"net.load_state_dict(state)\nnet.apply({function})")
    assert len(told) == 2  # those of the body have no names
    assert ("net.apply", "head") in told


@pytest.mark.parametrize(
    "body",
    [
        "net.apply(init)\nnet.load_state_dict(state)",
        "net.load_state_dict(state)\nnet.head.apply(init)",
        "net.load_state_dict(state)\nnet(torch.randn(1, 4))\nnet.apply(init)",
        "net.load_state_dict(state)\nevaluate(net)\nnet.apply(init)",
        "net.load_state_dict(state)\nif flag:\n    net.apply(init)",
        "if flag:\n    net.load_state_dict(state)\nelse:\n    net.apply(init)",
        "own = net.state_dict()\nown.update(state)\nnet.load_state_dict(own)\nnet.body.apply(init)",
        "net.load_state_dict(state, strict=False)\nnet.head.apply(init)\nnet.body[0].apply(init)",
    ],
)
def test_weights_are_not_lost(body: str) -> None:
    assert not lost("from elsewhere import evaluate, flag\n" + body)


def test_weights_that_one_branch_loads_are_lost_when_what_follows_always_initializes() -> None:
    assert lost("from elsewhere import flag\nif flag:\n    net.load_state_dict(state)\nnet.apply(init)")


PUBLISHED = """
class Segmenter(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = models.resnet18({weights})
        self.head = nn.Conv2d(512, 3, 1)
        for m in self.modules():
            if isinstance(m, {kind}):
                nn.init.kaiming_normal_(m.weight)
Segmenter()
"""


@pytest.mark.parametrize(
    "weights", ["pretrained=True", "True", "weights='DEFAULT'", "weights=models.ResNet18_Weights.V1"]
)
def test_the_convolutions_of_a_published_network_with_weights_are_lost(weights: str) -> None:
    assert lost(PUBLISHED.format(weights=weights, kind="nn.Conv2d"))


@pytest.mark.parametrize(("weights", "kind"), [("", "nn.Conv2d"), ("weights=None", "nn.Conv2d"), ("True", "nn.Linear")])
def test_nothing_is_lost_of_a_published_network(weights: str, kind: str) -> None:
    assert not lost(PUBLISHED.format(weights=weights, kind=kind))
