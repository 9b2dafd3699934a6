"""Frameworks: what they do is not missed in the user's code, and what he gives them is followed."""

from __future__ import annotations

from textwrap import dedent

import pytest

from nnlint.events import GraphCut, LoaderMade, LossComputed, OptimizerStepped
from nnlint.values import Gradients, Scale
from tests.interpreting import events, pick

NETWORK = "nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3), nn.Softmax(dim=1))"
LOADER = """
from torch.utils.data import DataLoader, TensorDataset
dataset = TensorDataset(torch.randn(64, 8), torch.randint(0, 3, (64,)))
loader = DataLoader(dataset, batch_size=8)
"""
MODULE = f"""
import lightning as L
{LOADER}
class Lit(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = {NETWORK}
    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = F.cross_entropy(self.net(x), y)
        return RETURNED
    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=1e-3)
"""


def losses(source: str) -> list[Scale]:
    return [event.input.scale for event in pick(LossComputed, events(source))]


@pytest.mark.parametrize(
    "source",
    [
        f"""
        import deepspeed
        model = {NETWORK}
        engine, _, loader, _ = deepspeed.initialize(model=model, model_parameters=model.parameters())
        for x, y in loader:
            loss = F.cross_entropy(engine(x), y)
            engine.backward(loss)
            engine.step()
        """,
        f"""
        from ignite.engine import create_supervised_trainer
        model = {NETWORK}
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        create_supervised_trainer(model, optimizer, nn.CrossEntropyLoss()).run(loader, max_epochs=3)
        """,
        f"""
        from fastai.vision.all import *
        Learner(loaders, {NETWORK}, loss_func=nn.CrossEntropyLoss()).fit_one_cycle(3)
        """,
        f"{MODULE.replace('RETURNED', 'loss')}\nL.Trainer(max_epochs=2).fit(Lit(), loader)",
    ],
    ids=["deepspeed", "ignite", "fastai", "lightning"],
)
def test_the_loss_of_a_network_that_a_framework_trains_is_seen(source: str) -> None:
    assert {*losses(dedent(source))} == {Scale.PROBABILITIES}


def test_a_function_that_ignite_calls_with_each_batch_runs_in_a_loop() -> None:
    told = events(
        """
        from ignite.engine import Engine
        def main(loader):
            model = nn.Linear(8, 3)
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            def learn(engine, batch):
                x, y = batch
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
            trainer = Engine(learn)
            trainer.run(loader, max_epochs=3)
        """
    )
    assert Gradients.REUSED in {event.gradients for event in pick(OptimizerStepped, told)}


def test_handlers_of_ignite_run_with_the_engine_or_without() -> None:
    source = """
    from ignite.engine import Engine, Events
    trainer = Engine(lambda engine, batch: None)
    @trainer.on(Events.EPOCH_COMPLETED)
    def report(engine):
        F.cross_entropy(torch.softmax(nn.Linear(3, 3)(x), 1), y)
    @trainer.on(Events.COMPLETED)
    def bare():
        F.cross_entropy(torch.softmax(nn.Linear(3, 3)(x), 1), y)
    trainer.run(loader)
    """
    assert losses(dedent(source)).count(Scale.PROBABILITIES) >= 2


@pytest.mark.parametrize("returned", ["loss.detach()", "{'loss': loss.detach()}"])
def test_what_a_training_step_returns_is_differentiated(returned: str) -> None:
    told = events(f"{MODULE.replace('RETURNED', returned)}\nL.Trainer(max_epochs=2).fit(Lit(), loader)")
    assert any(event.operation == "detach" and event.differentiated for event in pick(GraphCut, told))


@pytest.mark.parametrize(
    "fit", ["fit(Lit(), loader)", "fit(model=Lit(), train_dataloaders=loader)", "fit(Lit(), Data())"]
)
def test_lightning_trains_with_the_loader_that_it_is_given(fit: str) -> None:
    data = "class Data(L.LightningDataModule):\n    def train_dataloader(self):\n        return loader\n"
    told = events(f"{MODULE.replace('RETURNED', 'loss')}\n{data}L.Trainer(max_epochs=2).{fit}")
    assert any(event.trains for event in pick(LoaderMade, told))
