"""What a forward pass is for: what happens to its output says it, then the data, names last and only likely."""

from __future__ import annotations

import pytest

from nnlint.events import ModuleCalled
from nnlint.finding import Confidence
from nnlint.values import Role
from tests.interpreting import forwards

TRAINING, EVALUATION, UNKNOWN = Role.TRAINING, Role.EVALUATION, Role.UNKNOWN

SETUP = """
from torch.utils.data import DataLoader
from torchvision.datasets import MNIST
things, flag = torch.load("things")
net = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
criterion = nn.CrossEntropyLoss()
loader = DataLoader(things)
"""
TRAIN = """
def fit(batches):
    for x, y in batches:
        optimizer.zero_grad()
        criterion(net(x), y).backward()
        optimizer.step()
"""


def last(source: str) -> ModuleCalled:
    """The last forward pass in a script that starts as SETUP."""
    return forwards(SETUP + source)[-1]


@pytest.mark.parametrize(
    "body",
    [
        "criterion(net(x), y).backward()",
        "loss = criterion(net(x), y)\n    (loss / 4 + 1).backward()",
        "out = net(x)\n    loss = ((out - y) ** 2).mean()\n    loss.backward()",
        "losses = [criterion(net(x), y)]\n    sum(losses).backward()",
        "loss = 0\n    loss += criterion(net(x), y)\n    loss.backward()",
        "torch.autograd.backward(criterion(net(x), y))",
        "scaler = torch.amp.GradScaler()\n    scaler.scale(criterion(net(x), y)).backward()",
        "total = {'loss': criterion(net(x), y)}\n    total['loss'].backward()",
        "loss = torch.stack([criterion(net(x), y)]).mean()\n    loss.backward()",
    ],
)
def test_what_reaches_backward_and_is_stepped_on_trains(body: str) -> None:
    told = forwards(f"{SETUP}for x, y in loader:\n    optimizer.zero_grad()\n    {body}\n    optimizer.step()\n")
    assert {(forward.role, forward.confidence) for forward in told} == {(TRAINING, Confidence.CERTAIN)}


@pytest.mark.parametrize("name", ["evaluate", "validate", "test_epoch"])
def test_no_name_makes_an_evaluation_of_what_trains(name: str) -> None:
    source = f"""
def {name}(val_loader):
    for x, y in val_loader:
        optimizer.zero_grad()
        criterion(net(x), y).backward()
        optimizer.step()
{name}(loader)
"""
    assert last(source).role is TRAINING


def test_a_detached_output_does_not_train() -> None:
    source = """
other = nn.Linear(2, 2)
for x, y in loader:
    target = net(x).detach()
    criterion(other(x), target).backward()
    optimizer.step()
"""
    assert TRAINING not in {forward.role for forward in forwards(SETUP + source) if forward.module == "net"}


def test_an_output_of_no_grad_does_not_train() -> None:
    source = """
other = nn.Linear(2, 2)
second = torch.optim.SGD(other.parameters(), lr=0.1)
for x, y in loader:
    with torch.no_grad():
        target = net(x)
    criterion(other(x), target).backward()
    second.step()
"""
    found = {forward.module: forward.role for forward in forwards(SETUP + source)}
    assert found["other"] is TRAINING
    assert found["net"] is not TRAINING


@pytest.mark.parametrize(
    "data",
    [
        "MNIST('.', train=False)",
        "DataLoader(MNIST('.', train=False), batch_size=4)",
        "DataLoader(dataset=MNIST('.', train=False))",
        "torch.utils.data.DataLoader(MNIST(root='.', train=False))",
    ],
)
def test_evaluation_data_by_construction_makes_an_evaluation_for_certain(data: str) -> None:
    forward = last(f"{TRAIN}fit(loader)\ndata = {data}\nfor x, y in data:\n    print((net(x).argmax(1) == y).sum())\n")
    assert (forward.role, forward.confidence) == (EVALUATION, Confidence.CERTAIN)


def test_training_data_by_construction_makes_no_evaluation() -> None:
    source = "for x, y in DataLoader(MNIST('.', train=True)):\n    print((net(x).argmax(1) == y).sum())\n"
    assert last(TRAIN + source).role is not EVALUATION


def test_a_loop_without_gradients_that_trains_nothing_evaluates_for_certain() -> None:
    source = "with torch.no_grad():\n    for x, y in loader:\n        print(criterion(net(x), y).item())\n"
    assert (last(source).role, last(source).confidence) == (EVALUATION, Confidence.CERTAIN)


def test_a_loop_in_evaluation_mode_that_trains_nothing_evaluates_for_certain() -> None:
    source = "net.eval()\nfor x, y in loader:\n    print(criterion(net(x), y).item())\n"
    assert (last(source).role, last(source).confidence) == (EVALUATION, Confidence.CERTAIN)


@pytest.mark.parametrize(
    "source",
    [
        "def evaluate(batches):\n    for x, y in batches:\n        print((net(x).argmax(1) == y).sum())\n"
        "evaluate(things)",
        "def validate_epoch():\n    for x, y in loader:\n        print(criterion(net(x), y).item())\nvalidate_epoch()",
        "val_loader = DataLoader(things)\nfor x, y in val_loader:\n    print(criterion(net(x), y).item())",
        "for x, y in DataLoader(MNIST('.', split='test')):\n    print(criterion(net(x), y).item())",
        "class Runner:\n    def test(self):\n        for x, y in loader:\n"
        "            print(criterion(net(x), y).item())\nRunner().test()",
    ],
)
def test_a_name_makes_an_evaluation(source: str) -> None:
    assert last(source).role is EVALUATION


@pytest.mark.parametrize(
    "source",
    [
        "def evaluate(batches):\n    for x, y in batches:\n        print((net(x).argmax(1) == y).sum())\n"
        "evaluate(things)",
        "val_loader = DataLoader(things)\nfor x, y in val_loader:\n    print(criterion(net(x), y).item())",
    ],
)
def test_a_name_makes_it_likely_only(source: str) -> None:
    assert last(source).confidence is Confidence.LIKELY


@pytest.mark.parametrize(
    "source",
    [
        "for x, y in loader:\n    print(net(x))",
        "net(things)",
        "def train_and_evaluate(batches):\n    for x, y in batches:\n        print(net(x))\ntrain_and_evaluate(things)",
        "def evaluate():\n    net(torch.randn(1, 2))\nevaluate()",
        "def evaluate_mc_dropout(batches):\n    for x, y in batches:\n        print(net(x))\n"
        "evaluate_mc_dropout(things)",
        "def run(x):\n    return net(x)\nrun(things)",
    ],
)
def test_without_a_sign_nothing_is_claimed(source: str) -> None:
    assert last(source).role is UNKNOWN


def test_an_output_that_something_unknown_may_train_on_is_no_evaluation() -> None:
    source = (
        "import engine\nfor x, y in loader:\n    loss = criterion(net(x), y)\n    engine.train_step(loss, optimizer)\n"
    )
    assert last(source).role is not EVALUATION


def test_an_attack_differentiates_without_training() -> None:
    source = """
def evaluate_attack():
    for x, y in loader:
        criterion(net(x), y).backward()
        print(x.grad)
evaluate_attack()
"""
    assert last(source).role is UNKNOWN


def test_a_forward_inside_of_a_network_is_not_told() -> None:
    source = """
class Outer(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = net
    def forward(self, x):
        return self.net(x)
outer = Outer()
outer(things)
"""
    assert [forward.module for forward in forwards(SETUP + source)] == ["outer"]


def test_a_loss_is_no_network() -> None:
    assert forwards("criterion = nn.CrossEntropyLoss()\nx, y = torch.load('b')\ncriterion(x, y)") == []


def test_training_and_evaluating_through_the_same_call_are_told_apart() -> None:
    source = """
def run_epoch(batches, train):
    net.train(train)
    for x, y in batches:
        loss = criterion(net(x), y)
        if train:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        else:
            print(loss.item())
run_epoch(loader, True)
val_loader = DataLoader(things)
run_epoch(val_loader, False)
"""
    told = [(forward.role, forward.training) for forward in forwards(SETUP + source)]
    assert (TRAINING, True) in told
    assert (EVALUATION, False) in told
    assert not {(TRAINING, False), (EVALUATION, True)} & set(told)


def test_the_steps_of_a_lightning_module_are_the_frameworks_business() -> None:
    source = """
    import pytorch_lightning as pl
    class Lit(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))
        def validation_step(self, batch, index):
            x, y = batch
            return F.cross_entropy(self.net(x), y)
    """
    assert {forward.role for forward in forwards(source)} <= {UNKNOWN}


def test_a_network_left_in_evaluation_mode_is_told_of_at_the_next_training() -> None:
    source = f"""{TRAIN}
def evaluate():
    net.eval()
    with torch.no_grad():
        for x, y in DataLoader(things):
            print(criterion(net(x), y).item())
for epoch in range(9):
    fit(loader)
    evaluate()
"""
    trainings = [forward for forward in forwards(SETUP + source) if forward.role is TRAINING]
    assert trainings[0].left_in_evaluation is False
    assert trainings[-1].left_in_evaluation is True


def test_a_network_that_is_switched_back_is_not_left_in_evaluation_mode() -> None:
    source = f"""{TRAIN}
for epoch in range(9):
    net.train()
    fit(loader)
    net.eval()
    with torch.no_grad():
        for x, y in DataLoader(things):
            print(criterion(net(x), y).item())
"""
    trainings = [forward for forward in forwards(SETUP + source) if forward.role is TRAINING]
    assert {forward.left_in_evaluation for forward in trainings} == {False}
