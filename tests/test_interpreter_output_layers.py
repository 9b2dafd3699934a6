"""Last layers without a bias, as the losses see them that take their scores."""

from __future__ import annotations

import pytest

from nnlint.events import OutputCompared
from tests.interpreting import events, pick

TRAINING = """
class Net(nn.Module):
    def __init__(self, words=50):
        super().__init__()
        self.inp = {inp}
        self.out = {out}
        {more}

    def forward(self, x):
        h = self.inp(x)
        h = {between}
        return {result}

net = Net()
{setup}
loss = {loss}(net(torch.load("x.pt")), torch.load("y.pt"))
"""


def unbiased(
    loss: str = "F.cross_entropy",
    inp: str = "nn.Linear(4, 8)",
    out: str = "nn.Linear(8, 3, bias=False)",
    between: str = "F.relu(h)",
    result: str = "self.out(h)",
    more: str = "pass",
    setup: str = "",
) -> list[str]:
    source = TRAINING.format(loss=loss, inp=inp, out=out, between=between, result=result, more=more, setup=setup)
    return [each.layer for each in pick(OutputCompared, events(source))]


ONE = "nn.Linear(8, 1, bias=False)"
MAP = "nn.Conv2d(8, 3, 1, bias=False)"


@pytest.mark.parametrize(
    "case",
    [
        {},
        {"out": "nn.Linear(8, 3, False)"},
        {"loss": "nn.BCEWithLogitsLoss()"},
        {"loss": "F.nll_loss", "result": "F.log_softmax(self.out(h), dim=1)"},
        {"loss": "F.binary_cross_entropy", "result": "torch.sigmoid(self.out(h)).squeeze(1)", "out": ONE},
        {"loss": "F.mse_loss", "out": ONE},
        {"between": "F.dropout(F.gelu(h)).flatten(1)"},
        {"inp": "nn.Conv2d(3, 8, 3)", "out": MAP, "between": "F.max_pool2d(torch.tanh(h), 2)"},
        {"inp": "nn.Sequential(nn.Linear(4, 8, bias=False), nn.BatchNorm1d(8))"},
        {"more": "self.emb = nn.Embedding(words, 4)", "inp": "nn.Linear(4, 8)", "between": "F.relu(h + self.emb(x))"},
        {"between": "F.relu(h + h)"},
    ],
)
def test_the_scores_of_a_last_layer_have_no_offset(case: dict[str, str]) -> None:
    assert unbiased(**case) == ["out"]


EMBEDDED = "nn.Sequential(nn.Embedding(words, 4), nn.Linear(4, 8))"


@pytest.mark.parametrize(
    "case",
    [
        {"out": "nn.Linear(8, 3)"},
        {"out": "nn.Linear(8, 3, bias=torch.load('flag'))"},
        {"result": "self.out(h) + self.offset", "more": "self.offset = nn.Parameter(torch.zeros(3))"},
        {"result": "self.out(h) / 0.07"},
        {"result": "nn.BatchNorm1d(3)(self.out(h))"},
        {"between": "h"},
        {"between": "nn.LayerNorm(8)(F.relu(h))"},
        {"between": "F.normalize(F.relu(h))"},
        {"inp": "nn.Linear(4, 8, bias=False)"},
        {"inp": EMBEDDED, "out": "nn.Linear(8, words, bias=False)"},
        {"more": "self.out.weight = torch.load('weight')"},
        {"loss": "F.mse_loss"},
        {"out": ONE},
        {"loss": "F.binary_cross_entropy_with_logits", "inp": "nn.Conv2d(3, 8, 3)", "out": MAP},
        {"loss": "F.l1_loss", "inp": "nn.Conv2d(3, 8, 3)", "out": MAP},
        {"setup": "net.out.requires_grad_(False)"},
        {"setup": "torch.set_grad_enabled(False)"},
    ],
)
def test_an_offset_is_there_or_not_missed(case: dict[str, str]) -> None:
    assert not unbiased(**case)
