"""What a run shows of graphs: what is cut off them, kept with them, spoiled in them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from textwrap import dedent

import pytest

from nnlint.events import GraphCut, GraphRetained, UngradedPass
from nnlint.probe import session
from nnlint.probe.verdicts import Seen, judge
from tests.nursery import Nursery

CODES = ("NN108", "NN116", "NN217", "NN218", "NN219", "NN305", "NN410", "NN412")
BEGINNING = """
    import torch
    from torch import nn
    from torch.nn import functional as F

    def train(model, loss_of, steps=4):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(steps):
            loss = loss_of(model, torch.randn(8, 4))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
"""

Run = Callable[[str], session.Testimony]
pytestmark = pytest.mark.torch


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def run(script: str) -> session.Testimony:
        (tmp_path / "script.py").write_text(dedent(BEGINNING) + dedent(script))
        testimony = nursery().run(tmp_path, "script.py")
        assert testimony.how == "finished", testimony.error + testimony.output
        assert not testimony.faults
        return testimony

    return run


@cache
def nursery() -> Nursery:
    return Nursery()


def seen(testimony: session.Testimony) -> dict[str, list[Seen]]:
    found: dict[str, list[Seen]] = {}
    for each in judge(testimony, CODES):
        found.setdefault(each.finding.code, []).append(each)
    return found


def test_a_number_that_python_computes_with_is_not_followed(run: Run) -> None:
    testimony = run("""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.gate, self.out = nn.Linear(4, 1), nn.Linear(4, 2)

            def forward(self, x):
                gate = self.gate(x).mean().item()
                return self.out(x) * (1 + gate)

        train(Net(), lambda net, x: net(x).pow(2).mean())
    """)
    about = [each for each in testimony.sightings if isinstance(each.event, GraphCut) and each.concerns("NN410")]
    assert [each.undecided for each in about] == ["what became of the number or array is not followed"]


def test_a_number_that_comes_back_as_it_is_is_followed(run: Run) -> None:
    testimony = run("""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.gate, self.out = nn.Linear(4, 1), nn.Linear(4, 2)

            def forward(self, x):
                gate = float(self.gate(x).mean())
                return self.out(x) * torch.tensor([gate])

        train(Net(), lambda net, x: net(x).pow(2).mean())
    """)
    assert [each.sighting.alone for each in seen(testimony)["NN410"]] == [True]


def test_a_gradient_for_a_number_that_is_updated_by_hand_is_no_lost_loss(run: Run) -> None:
    testimony = run("""
        weight = torch.zeros(1, requires_grad=True)

        def loss_of(model, x):
            output = model(x)
            (weight * (output.mean() - 1).detach()).sum().backward()
            weight.data += 0.1 * weight.grad
            return output.pow(2).mean()

        train(nn.Linear(4, 1), loss_of)
    """)
    assert not seen(testimony)


def test_a_mean_of_numbers_that_is_differentiated_confirms_but_does_not_stand_alone(run: Run) -> None:
    testimony = run("""
        def loss_of(model, x):
            values = [model(part).pow(2).mean().item() for part in x.split(4)]
            return torch.tensor(sum(values) / 2, requires_grad=True)

        train(nn.Linear(4, 1), loss_of)
    """)
    assert [each.sighting.alone for each in seen(testimony)["NN108"]] == [False]


def test_a_graph_that_another_loss_uses_is_not_retained_for_nothing(run: Run) -> None:
    testimony = run("""
        maker, judge = nn.Linear(3, 2), nn.Linear(2, 1)
        optimizers = [torch.optim.SGD(each.parameters(), lr=0.1) for each in (judge, maker)]

        def update(optimizer, loss, retain):
            optimizer.zero_grad()
            loss.backward(retain_graph=retain)
            optimizer.step()

        for _ in range(4):
            made = maker(torch.randn(8, 3))
            update(optimizers[0], F.softplus(judge(made)).mean(), True)
            update(optimizers[1], F.softplus(-judge(made)).mean(), False)
    """)
    assert not seen(testimony)
    assert all(each.absent for each in testimony.sightings if isinstance(each.event, GraphRetained))


def test_a_parameter_that_is_cast_once_is_no_state_carried_over(run: Run) -> None:
    testimony = run("""
        shift = nn.Parameter(torch.zeros(1, dtype=torch.float64)).to(torch.float32)
        train(nn.Linear(4, 1), lambda model, x: (model(x) + shift).pow(2).mean())
    """)
    assert not seen(testimony)


def test_a_list_of_one_step_keeps_nothing(run: Run) -> None:
    testimony = run("""
        def loss_of(model, x):
            parts = []
            for part in x.split(2):
                parts.append(model(part).pow(2).mean())
            return sum(parts)

        train(nn.Linear(4, 1), loss_of)
    """)
    assert not seen(testimony)


def test_a_list_that_may_still_be_differentiated_does_not_stand_alone(run: Run) -> None:
    testimony = run("""
        model = nn.Linear(4, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        losses = []
        for _ in range(4):
            loss = model(torch.randn(8, 4)).pow(2).mean()
            optimizer.zero_grad()
            loss.backward(retain_graph=True)
            optimizer.step()
            losses.append(loss)
    """)
    assert [each.sighting.alone for each in seen(testimony)["NN219"]] == [False]


def test_a_total_of_an_evaluation_with_gradients_is_not_told_of(run: Run) -> None:
    testimony = run("""
        model = nn.Linear(4, 1)
        train(model, lambda model, x: model(x).pow(2).mean())
        total = 0.0
        for _ in range(4):
            total += model(torch.randn(8, 4)).pow(2).mean()
    """)
    assert not seen(testimony)


def test_a_step_that_spoils_a_graph_is_not_blamed_on_a_write(run: Run) -> None:
    testimony = run("""
        model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(inplace=True), nn.Linear(8, 1))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        output = model(torch.randn(8, 4))
        output.pow(2).mean().backward(retain_graph=True)
        optimizer.step()
        try:
            output.abs().mean().backward()
        except RuntimeError as error:
            print(error)
    """)
    assert not seen(testimony)


def test_loaded_weights_under_no_grad_are_not_judged(run: Run) -> None:
    testimony = run("""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.features, self.out = nn.Linear(4, 4), nn.Linear(4, 1)
                self.features.load_state_dict(nn.Linear(4, 4).state_dict())

            def forward(self, x):
                with torch.no_grad():
                    x = self.features(x)
                return self.out(x)

        train(Net(), lambda net, x: net(x).pow(2).mean())
    """)
    assert not seen(testimony)
    assert any(each.undecided for each in testimony.sightings if isinstance(each.event, UngradedPass))


def test_a_graph_is_gone_when_the_script_lets_it_go(run: Run) -> None:
    run("""
        import gc, weakref

        alive = []

        def loss_of(model, x):
            hidden = model(x)
            alive.append(weakref.ref(hidden))
            return hidden.detach().mean() + hidden.pow(2).mean()

        train(nn.Linear(4, 1), loss_of)
        gc.collect()
        assert not any(reference() is not None for reference in alive)
    """)
