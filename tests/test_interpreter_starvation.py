"""Layers that get no gradient: all that is made of what they return is cut off the graph."""

from __future__ import annotations

import pytest

from nnlint.events import GraphCut
from tests.interpreting import events, pick

TRAINING = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.head = nn.Linear(4, 8), nn.Linear(8, 2)

    def forward(self, x):
        h = self.encoder(x)
        {body}

net = Net()
{setup}
optimizer = torch.optim.SGD({held}, lr=0.1)
for x, y in torch.load("data"):
    F.mse_loss(net(x), y).backward()
    optimizer.step()
"""


def starved(body: str, held: str = "net.parameters()", setup: str = "") -> set[str]:
    told = pick(GraphCut, events(TRAINING.format(body=body, held=held, setup=setup)))
    return {layer.called for event in told for layer in event.starved}


@pytest.mark.parametrize(
    "body",
    [
        "return self.head(h.detach())",
        "return self.head(h.data)",
        "return self.head(torch.tensor(h.tolist()))",
        "return self.head(torch.from_numpy(h.detach().numpy()))",
        "return self.head(x) * h.mean().item()",
    ],
)
def test_a_layer_of_which_everything_is_cut_off_is_starved(body: str) -> None:
    assert starved(body) == {"encoder"}


@pytest.mark.parametrize(
    "body",
    [
        "return self.head(h) + self.head(h.detach())",
        "return self.head(h + (h.round() - h).detach())",
        "self.seen = h.detach(); return self.head(h)",
        "return self.head(h.detach() if x else h)",
        "\n        with torch.no_grad(): h = h * 2\n        return self.head(h)",
    ],
)
def test_one_way_to_the_loss_is_enough(body: str) -> None:
    assert starved(body) == set()


def test_a_layer_that_is_not_to_learn_is_none() -> None:
    body = "return self.head(h.detach())"
    assert starved(body, held="net.head.parameters()") == set()
    assert starved(body, setup="for p in net.encoder.parameters(): p.requires_grad = False") == set()
