"""What a run shows of views, layers of sequences, masks and tokens, beyond what the fixtures show."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnlint import catalog
from nnlint.events import Reshaped, SequenceRead, TokensScored
from nnlint.probe import session
from nnlint.probe.verdicts import judge
from tests.nursery import Nursery

pytestmark = pytest.mark.torch

_HEAD = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\ntorch.manual_seed(0)\n"


@pytest.fixture(scope="module")
def nursery() -> Nursery:
    return Nursery()


def _run(nursery: Nursery, folder: Path, text: str) -> session.Testimony:
    (folder / "script.py").write_text(_HEAD + text)
    testimony = nursery.run(folder, "script.py")
    assert testimony.how == "finished", testimony.error
    assert not testimony.faults
    return testimony


def _codes(testimony: session.Testimony) -> set[str]:
    return {each.finding.code for each in judge(testimony, [entry.code for entry in catalog.entries()])}


def test_equal_sizes_in_a_view_decide_nothing(nursery: Nursery, tmp_path: Path) -> None:
    testimony = _run(nursery, tmp_path, "x = torch.randn(6, 6, 4)\ny = x.view(6, 6, 4)\nz = x.view(36, 4)\n")
    views = [each for each in testimony.sightings if isinstance(each.event, Reshaped)]
    assert [bool(each.undecided) for each in views] == [True, False]
    assert "NN401" not in _codes(testimony)


def test_a_view_that_is_cut_shifts_rows_on_purpose(nursery: Nursery, tmp_path: Path) -> None:
    testimony = _run(nursery, tmp_path, "x = torch.randn(5, 7)\ny = x.view(7, 5)[1:]\n")
    assert "NN401" not in _codes(testimony)


def test_a_linear_layer_may_have_a_batch_as_long_as_its_features(nursery: Nursery, tmp_path: Path) -> None:
    text = "x = torch.randn(8, 8, 16)\nq = nn.Linear(16, 8)(x).view(8, 8, 4, 2).transpose(1, 2)\n"
    text += "q = q.reshape(8, 4, 16)\n"
    assert not _codes(_run(nursery, tmp_path, text)) & {"NN401", "NN402"}


_SEQUENCES = """
class Net(nn.Module):
    def __init__(self, batch_first):
        super().__init__()
        self.rnn = nn.GRU(4, 8, batch_first=batch_first)
        self.head = nn.Linear(8, 1)

    def forward(self, x):
        out, _ = self.rnn(x)
        return self.head(out.sum({dim}))

net = Net({first})
F.mse_loss(net(torch.randn(10, 6, 4)), torch.randn(10, 1)).backward()
"""


def test_the_batch_of_a_recurrent_layer_is_measured_on_fewer_samples(nursery: Nursery, tmp_path: Path) -> None:
    right = _run(nursery, tmp_path, _SEQUENCES.format(first=True, dim=1))
    assert [each.event.batch for each in right.sightings if isinstance(each.event, SequenceRead)] == [0]
    assert "NN403" not in _codes(right)
    assert "NN403" in _codes(_run(nursery, tmp_path, _SEQUENCES.format(first=False, dim=1)))


_LANGUAGE_MODEL = """
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(30, 16)
        self.head = nn.Linear(16, 30)

    def forward(self, ids, labels):
        x = self.embed(ids)
        scores = x @ x.mT
        {mask}
        x = x + scores.softmax(-1) @ x
        return F.cross_entropy(self.head(x).flatten(0, 1), labels.flatten())

text = torch.randint(30, (8, 11))
model = Model()
model(text[:, :-1], text[:, 1:]).backward()
"""


def test_a_causal_mask_by_hand_shows_in_what_the_scores_depend_on(nursery: Nursery, tmp_path: Path) -> None:
    mask = "scores = scores.masked_fill(torch.ones(10, 10).triu(1).bool(), -1e9)"
    hidden = _run(nursery, tmp_path, _LANGUAGE_MODEL.format(mask=mask))
    assert [each.undecided for each in hidden.sightings if isinstance(each.event, TokensScored)] == [""]
    assert "NN409" not in _codes(hidden)
    assert "NN409" in _codes(_run(nursery, tmp_path, _LANGUAGE_MODEL.format(mask="pass")))


def test_results_that_are_thrown_away(nursery: Nursery, tmp_path: Path) -> None:
    text = "x = torch.randn(4)\nx.clamp_(0)\ntorch.abs(x, out=torch.empty(4))\nx.tolist()\n"
    assert "NN405" not in _codes(_run(nursery, tmp_path, text))
    assert "NN405" in _codes(_run(nursery, tmp_path, text + "x.to('cpu')\n"))


def test_squeezing_one_of_several_samples_and_a_single_one(nursery: Nursery, tmp_path: Path) -> None:
    text = "net = nn.Linear(4, 1)\nF.mse_loss(net(torch.randn(7, 4)).squeeze({}), torch.randn(7)).backward()\n"
    assert "NN404" in _codes(_run(nursery, tmp_path, text.format("")))
    assert "NN404" not in _codes(_run(nursery, tmp_path, text.format("-1")))


def test_a_target_for_each_step_tells_nothing_of_the_batch(nursery: Nursery, tmp_path: Path) -> None:
    text = _SEQUENCES.format(first=False, dim=0).replace("out.sum(0)", "out").replace("(10, 1)", "(10, 6, 1)")
    assert "NN403" not in _codes(_run(nursery, tmp_path, text))
