"""Loaders, options and scores, seen through their events."""

from __future__ import annotations

from nnlint.events import HyperparameterGiven, LoaderMade, ScoreDecided
from nnlint.values import Outcome, Split
from tests.interpreting import events, pick

LOOP = """
from torch.utils.data import DataLoader, TensorDataset, random_split

def train(model, optimizer, loader):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

data = TensorDataset(torch.load("x"), torch.load("y"))
model = nn.Linear(8, 4)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
"""


def test_a_loader_trains_when_a_step_learned_from_its_batches() -> None:
    source = LOOP + "used, other = DataLoader(data), DataLoader(data)\ntrain(model, optimizer, used)\n"
    loaders = {event.loader: event for event in pick(LoaderMade, events(source))}
    assert (loaders["used"].trains, loaders["other"].trains) == (True, False)
    assert loaders["used"].shuffles is False


def test_a_sampler_that_may_be_there_decides_the_order() -> None:
    source = LOOP + "loader = DataLoader(data, sampler=torch.load('sampler'))\n"
    assert [event.shuffles for event in pick(LoaderMade, events(source))] == [None]


def test_a_dataset_that_draws_its_items_has_no_order() -> None:
    source = (
        LOOP
        + """
import random
class Pairs(torch.utils.data.Dataset):
    def __getitem__(self, index):
        return torch.zeros(8), random.choice([0, 1])
train(model, optimizer, DataLoader(Pairs()))
"""
    )
    assert [event.indexed for event in pick(LoaderMade, events(source))] == [False]


def test_an_option_is_most_likely_its_default() -> None:
    source = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("-l", "--learning-rate", type=float, default="0.5")
args = parser.parse_args()
torch.optim.Adam(nn.Linear(2, 2).parameters(), args.learning_rate)
torch.optim.Adam(nn.Linear(2, 2).parameters(), vars(args)["learning_rate"])
"""
    given = pick(HyperparameterGiven, events(source))
    assert [(event.name, event.value, event.option_name) for event in given] == [("lr", 0.5, "--learning-rate")] * 2


def test_a_rate_that_is_written_later_is_replaced() -> None:
    source = """
optimizer = torch.optim.Adam(nn.Linear(2, 2).parameters(), lr=1.0)
for group in optimizer.param_groups:
    group["lr"] = 1e-3
"""
    assert [event.replaced for event in pick(HyperparameterGiven, events(source))] == [True]


SCORES = """
best = 0
for epoch in range(100):
    train(model, optimizer, DataLoader(data, shuffle=True))
    hits = 0
    for x, y in loader:
        hits += (model(x).argmax(1) == y).sum().item()
    if hits > best:
        best = hits
        torch.save(model.state_dict(), "best.pt")
"""


def test_a_score_decides_which_model_is_kept() -> None:
    source = LOOP + "loader = DataLoader(torch.load('test_set'))\ntest_loader = loader\n" + SCORES
    [event] = pick(ScoreDecided, events(source.replace("in loader:\n        hits", "in test_loader:\n        hits")))
    assert (event.outcome, event.split) == (Outcome.KEPT, Split.TEST)


def test_what_is_split_off_the_training_data_validates_whatever_it_is_called() -> None:
    source = LOOP + "rest, test_set = random_split(data, [80, 20])\nloader = DataLoader(test_set)\n" + SCORES
    [event] = pick(ScoreDecided, events(source))
    assert event.split is Split.VALIDATION
