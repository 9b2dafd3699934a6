"""Where a network is called from, and so where its evaluation and its training can be mended."""

from __future__ import annotations

from nnlint.changes import InsertAfter, InsertBefore, InsertInto
from nnlint.events import BackwardRan, LoaderMade, ModuleCalled, OptimizerStepped
from nnlint.values import Gradients, Role
from tests.interpreting import events, forwards, pick

SETUP = """
train_loader, val_loader, something = torch.load("things")
net = nn.Sequential(nn.Linear(2, 4), nn.Dropout(), nn.Linear(4, 1))
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
"""
TRAIN = """
    for x, y in train_loader:
        optimizer.zero_grad()
        criterion(net(x), y).backward()
        optimizer.step()
"""
EVALUATE = """
    for x, y in val_loader:
        print((net(x) - y).abs().mean().item())
"""


def evaluating(source: str) -> ModuleCalled:
    """The last forward pass that evaluates."""
    return [each for each in forwards(SETUP + source) if each.role is Role.EVALUATION][-1]


def test_an_evaluation_in_the_epoch_loop_is_switched_before_its_own_loop() -> None:
    forward = evaluating(f"for epoch in range(9):\n    net.train(){TRAIN}{EVALUATE}")
    assert forward.switch is not None
    assert (forward.switch.kind, forward.switch.name) == (InsertBefore, "net")
    assert forward.stretch == forward.switch.place


def test_nothing_is_to_be_restored_where_each_epoch_begins_with_train() -> None:
    assert evaluating(f"for epoch in range(9):\n    net.train(){TRAIN}{EVALUATE}").restore == ()


def test_training_mode_is_restored_before_the_loop_that_trains() -> None:
    restore = evaluating(f"for epoch in range(9):{TRAIN}{EVALUATE}").restore
    assert restore is not None
    assert [(slot.kind, slot.name) for slot in restore] == [(InsertBefore, "net")]


def test_nothing_is_to_be_restored_where_training_is_over() -> None:
    assert evaluating(f"for epoch in range(9):{TRAIN}\nfor epoch in range(2):{EVALUATE}").restore == ()


def test_within_the_loop_that_trains_training_mode_is_restored_behind_the_evaluation() -> None:
    body = TRAIN.replace("optimizer.step()", "optimizer.step()\n        check(net, val_loader)")
    function = "def check(model, loader):\n    for x, y in loader:\n        print((model(x) - y).abs().mean().item())\n"
    forward = evaluating(f"{function}for epoch in range(9):{body}")
    assert forward.restore is not None
    assert [slot.kind for slot in forward.restore] == [InsertAfter]


FUNCTION = """
def {name}(model, loader):
    for x, y in loader:
        print((model(x) - y).abs().mean().item())
{name}(net, val_loader)
"""


def test_a_function_is_known_to_evaluate_by_its_name() -> None:
    forward = evaluating(FUNCTION.format(name="evaluate"))
    assert forward.evaluates is not None
    assert forward.switch is not None
    assert (forward.switch.kind, forward.switch.name) == (InsertInto, "model")


def test_a_function_of_another_name_may_do_something_else() -> None:
    assert evaluating(FUNCTION.format(name="report")).evaluates is None


def test_a_function_that_trains_too_is_left_alone_and_its_call_evaluates() -> None:
    forward = evaluating("""
def test(model, loader, learn):
    for x, y in loader:
        loss = (model(x) - y).abs().mean()
        if learn:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(loss.item())
for epoch in range(9):
    test(net, train_loader, True)
    test(net, val_loader, False)
""")
    assert forward.evaluates is None
    assert forward.stretch is not None
    assert forward.stretch != forward.place


def test_a_network_that_is_given_in_the_loop_is_switched_inside_of_it() -> None:
    forward = evaluating("for model in [net]:\n    for x, y in val_loader:\n        print(model(x).mean().item())")
    assert forward.switch is not None
    assert forward.switch.name in ("net", "model")


def test_a_network_without_a_name_can_not_be_switched() -> None:
    function = "def test(loader, make):\n    for x, y in loader:\n        print(make()(x).mean().item())\n"
    source = f"{function}test(val_loader, lambda: nn.Sequential(nn.Linear(2, 4), nn.Dropout()))"
    assert all(forward.switch is None for forward in forwards(SETUP + source) if forward.role is Role.EVALUATION)


# --- the loop -----------------------------------------------------------------------------------------------------


def piling_up(source: str) -> OptimizerStepped:
    return [each for each in pick(OptimizerStepped, events(SETUP + source)) if each.gradients is Gradients.REUSED][-1]


def test_gradients_are_cleared_before_they_are_filled() -> None:
    step = piling_up(f"for epoch in range(9):{TRAIN}".replace("optimizer.zero_grad()", "pass"))
    assert step.clear is not None
    assert (step.clear.kind, step.clear.place) == (InsertBefore, step.backward)


def test_gradients_of_several_batches_are_cleared_behind_the_step() -> None:
    step = piling_up("""
for i, (x, y) in enumerate(train_loader):
    criterion(net(x), y).backward()
    if (i + 1) % 4 == 0:
        optimizer.step()
""")
    assert step.clear is not None
    assert (step.clear.kind, step.clear.place) == (InsertAfter, step.place)


def test_an_optimizer_is_cleared_by_the_name_that_it_has_there() -> None:
    step = piling_up("""
def fit(model, opt):
    for x, y in train_loader:
        criterion(model(x), y).backward()
        opt.step()
fit(net, optimizer)
""")
    assert step.clear is not None
    assert step.clear.name == "opt"


def test_a_step_that_is_missing_comes_behind_backward() -> None:
    (slot,) = {each.step for each in pick(BackwardRan, events(SETUP + TRAIN.replace("optimizer.step()", "pass")[5:]))}
    assert slot is not None
    assert slot.kind is InsertAfter


def test_a_call_that_makes_the_loaders_of_evaluations_too_is_shared() -> None:
    told = events("""
from torch.utils.data import DataLoader, TensorDataset
def loader(x):
    return DataLoader(TensorDataset(x, x), batch_size=4)
train, test = loader(torch.zeros(8, 2)), loader(torch.zeros(8, 2))
net = nn.Linear(2, 2)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for x, y in train:
    optimizer.zero_grad()
    (net(x) - y).abs().mean().backward()
    optimizer.step()
for x, y in test:
    print(net(x))
""")
    assert {each.shared for each in pick(LoaderMade, told)} == {True}
