"""The life of gradients: in what condition each step of an optimizer finds them."""

from __future__ import annotations

import pytest

from nnlint.values import Gradients
from tests.interpreting import gradients, steps

FRESH, REUSED, CLEARED, UNKNOWN = Gradients.FRESH, Gradients.REUSED, Gradients.CLEARED, Gradients.UNKNOWN

SETUP = """
loader, flag, something = torch.load("things")
net, other = nn.Linear(2, 1), nn.Linear(2, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
"""


def in_loop(*body: str) -> list[Gradients]:
    """What the steps find in a loop over a loader with this body."""
    return gradients(SETUP + "for i, batch in enumerate(loader):\n" + "".join(f"    {line}\n" for line in body))


BACKWARD, STEP, CLEAR = "net(batch).sum().backward()", "optimizer.step()", "optimizer.zero_grad()"


@pytest.mark.parametrize(
    "body",
    [
        (CLEAR, BACKWARD, STEP),
        (BACKWARD, STEP, CLEAR),
        ("optimizer.zero_grad(set_to_none=True)", BACKWARD, STEP),
        ("net.zero_grad()", BACKWARD, STEP),
        (BACKWARD, STEP, "net.zero_grad()"),
        ("for p in net.parameters():", "    p.grad = None", BACKWARD, STEP),
        ("for p in net.parameters():", "    if p.grad is not None:", "        p.grad.zero_()", BACKWARD, STEP),
        ("for name, p in net.named_parameters():", "    p.grad = None", BACKWARD, STEP),
        (
            "for group in optimizer.param_groups:",
            "    for p in group['params']:",
            "        p.grad = None",
            BACKWARD,
            STEP,
        ),
        (CLEAR, BACKWARD, BACKWARD, STEP),
        (CLEAR, BACKWARD, "torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)", STEP),
        (CLEAR, "loss = net(batch).sum()", "if flag:", "    continue", "loss.backward()", STEP),
        (BACKWARD, STEP, CLEAR, CLEAR),
        ("if True:", f"    {CLEAR}", BACKWARD, STEP),
        ("if flag:", f"    {CLEAR}", "else:", "    net.zero_grad()", BACKWARD, STEP),
    ],
    ids=" | ".join,
)
def test_a_loop_that_clears_once_a_pass_steps_on_fresh_gradients(body: tuple[str, ...]) -> None:
    assert set(in_loop(*body)) == {FRESH}


@pytest.mark.parametrize(
    "body",
    [
        (BACKWARD, STEP),
        ("other.zero_grad()", BACKWARD, STEP),
        ("for p in other.parameters():", "    p.grad = None", BACKWARD, STEP),
        ("if False:", f"    {CLEAR}", BACKWARD, STEP),
        (BACKWARD, BACKWARD, STEP),
        ("optimizer.zero_grad", BACKWARD, STEP),
    ],
    ids=" | ".join,
)
def test_a_loop_that_never_clears_steps_on_reused_gradients(body: tuple[str, ...]) -> None:
    assert in_loop(*body) == [FRESH, REUSED]


@pytest.mark.parametrize(
    "body",
    [
        (BACKWARD, CLEAR, STEP),
        (CLEAR, BACKWARD, CLEAR, STEP),
        (BACKWARD, "net.zero_grad()", STEP),
        (BACKWARD, "for p in net.parameters():", "    p.grad = None", STEP),
        (BACKWARD, "if flag:", f"    {CLEAR}", "else:", f"    {CLEAR}", STEP),
    ],
    ids=" | ".join,
)
def test_gradients_that_are_cleared_behind_backward_are_lost_to_the_step(body: tuple[str, ...]) -> None:
    assert set(in_loop(*body)) == {CLEARED}


@pytest.mark.parametrize(
    "body",
    [
        ("if flag:", f"    {CLEAR}", BACKWARD, STEP),
        (BACKWARD, "if flag:", f"    {CLEAR}", STEP),
        (CLEAR, BACKWARD, "something(optimizer)", STEP),
        ("something(optimizer)", BACKWARD, STEP),
        ("something(net)", BACKWARD, STEP),
    ],
    ids=" | ".join,
)
def test_gradients_that_may_have_been_cleared_are_not_told_to_be_reused_or_lost(body: tuple[str, ...]) -> None:
    assert {REUSED, CLEARED} & set(in_loop(*body)) == set()


@pytest.mark.parametrize(
    "body",
    [
        (BACKWARD, "if (i + 1) % 4 == 0:", f"    {STEP}", f"    {CLEAR}"),
        ("if i % 4 == 0:", f"    {CLEAR}", BACKWARD, "if (i + 1) % 4 == 0:", f"    {STEP}"),
        (BACKWARD, "if (i + 1) % 4:", "    continue", STEP, CLEAR),
        ("for _ in range(4):", f"    {BACKWARD}", STEP, CLEAR),
        ("with something.accumulate(net):", f"    {BACKWARD}", f"    {STEP}", f"    {CLEAR}"),
    ],
    ids=" | ".join,
)
def test_accumulation_over_several_batches_is_no_reuse(body: tuple[str, ...]) -> None:
    assert {REUSED, CLEARED} & set(in_loop(*body)) == set()


def test_accumulation_that_never_clears_is_reuse() -> None:
    assert REUSED in in_loop(BACKWARD, "if (i + 1) % 4 == 0:", f"    {STEP}")


def test_a_loop_that_clears_once_an_epoch_steps_on_reused_gradients() -> None:
    assert REUSED in gradients(
        f"{SETUP}for epoch in range(9):\n    {CLEAR}\n    for batch in loader:\n        {BACKWARD}\n        {STEP}"
    )


# --- several optimizers ------------------------------------------------------------------------------------------

TWO = SETUP + "second = torch.optim.Adam(other.parameters())\n"


def test_each_optimizer_finds_the_gradients_of_its_own_parameters() -> None:
    source = """
for batch in loader:
    optimizer.zero_grad()
    net(batch).sum().backward()
    optimizer.step()
    other(batch).sum().backward()
    second.step()
"""
    found = {step.optimizer: step.gradients for step in steps(TWO + source)}
    assert found == {"optimizer": FRESH, "second": REUSED}


def test_backward_through_another_network_fills_nothing() -> None:
    source = """
for batch in loader:
    net(batch).sum().backward()
    optimizer.step()
    optimizer.zero_grad()
    other(batch).sum().backward()
    optimizer.zero_grad()
"""
    assert set(gradients(TWO + source)) == {FRESH}


def test_clearing_another_optimizer_behind_backward_loses_nothing() -> None:
    source = """
for batch in loader:
    optimizer.zero_grad()
    net(batch).sum().backward()
    second.zero_grad()
    optimizer.step()
"""
    assert set(gradients(TWO + source)) == {FRESH}


def test_backward_through_two_networks_fills_both() -> None:
    source = """
for batch in loader:
    other(net(batch)).sum().backward()
    optimizer.step()
    second.step()
    optimizer.zero_grad()
"""
    found = {step.optimizer: step.gradients for step in steps(TWO + source)}
    assert found == {"optimizer": FRESH, "second": REUSED}


def test_a_detached_network_gets_no_gradients() -> None:
    source = """
for batch in loader:
    second.zero_grad()
    other(net(batch).detach()).sum().backward()
    second.step()
    optimizer.zero_grad()
    net(batch).sum().backward()
    optimizer.step()
"""
    assert set(gradients(TWO + source)) == {FRESH}


def test_one_optimizer_of_two_networks_is_cleared_whole() -> None:
    source = """
    net, other = nn.Linear(2, 1), nn.Linear(2, 1)
    optimizer = torch.optim.SGD([{"params": net.parameters()}, {"params": other.parameters()}])
    for batch in torch.load("data"):
        optimizer.zero_grad()
        (net(batch) + other(batch)).sum().backward()
        optimizer.step()
    """
    assert set(gradients(source)) == {FRESH}


def test_optimizers_in_a_list_are_each_cleared_and_stepped() -> None:
    source = """
optimizers = [optimizer, second]
for batch in loader:
    for each in optimizers:
        each.zero_grad()
    (net(batch) + other(batch)).sum().backward()
    for each in optimizers:
        each.step()
"""
    assert set(gradients(TWO + source)) == {FRESH}


def test_an_optimizer_of_a_part_is_cleared_with_the_whole_network() -> None:
    source = """
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    optimizer = torch.optim.SGD(net[1].parameters(), lr=0.1)
    for batch in torch.load("data"):
        net.zero_grad()
        net(batch).sum().backward()
        optimizer.step()
    """
    assert set(gradients(source)) == {FRESH}


def test_an_optimizer_made_anew_in_the_loop_has_gradients_of_before_still_in_its_parameters() -> None:
    source = """
    net = nn.Linear(2, 1)
    for batch in torch.load("data"):
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        net(batch).sum().backward()
        optimizer.step()
    """
    assert CLEARED not in gradients(source)


# --- closures, scalers, helpers ----------------------------------------------------------------------------------


def test_a_closure_that_clears_steps_on_fresh_gradients() -> None:
    source = """
def closure():
    optimizer.zero_grad()
    loss = net(batch).sum()
    loss.backward()
    return loss
for batch in loader:
    optimizer.step(closure)
"""
    assert set(gradients(SETUP + source)) == {FRESH}


def test_a_closure_that_does_not_clear_steps_on_reused_gradients() -> None:
    source = """
for batch in loader:
    def closure():
        loss = net(batch).sum()
        loss.backward()
        return loss
    optimizer.step(closure)
"""
    assert gradients(SETUP + source) == [FRESH, REUSED]


def test_a_scaler_steps_its_optimizer() -> None:
    source = """
scaler = torch.cuda.amp.GradScaler()
for batch in loader:
    with torch.autocast("cuda"):
        loss = net(batch).sum()
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
"""
    assert gradients(SETUP + source) == [FRESH, REUSED]


def test_a_scaled_loss_fills_fresh_gradients() -> None:
    source = """
scaler = torch.amp.GradScaler()
for batch in loader:
    optimizer.zero_grad()
    scaler.scale(net(batch).sum()).backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
"""
    assert set(gradients(SETUP + source)) == {FRESH}


def test_helpers_clear_fill_and_step_as_if_written_out() -> None:
    source = """
def clear(optimizers):
    for each in optimizers:
        each.zero_grad()
class Trainer:
    def __init__(self):
        self.optim = optimizer
    def fill(self, batch):
        net(batch).sum().backward()
    def update(self):
        self.optim.step()
trainer = Trainer()
for batch in loader:
    clear([trainer.optim])
    trainer.fill(batch)
    trainer.update()
"""
    assert gradients(SETUP + source) == [FRESH, FRESH]


def test_an_optimizer_of_the_users_own_class_is_the_one_it_wraps() -> None:
    source = """
class Scheduled:
    def __init__(self, inner):
        self.inner = inner
    def step(self):
        self.inner.step()
    def zero_grad(self):
        self.inner.zero_grad()
wrapped = Scheduled(optimizer)
for batch in loader:
    wrapped.zero_grad()
    net(batch).sum().backward()
    wrapped.step()
"""
    assert set(gradients(SETUP + source)) == {FRESH}


def test_torch_autograd_grad_fills_nothing() -> None:
    source = """
for batch in loader:
    optimizer.zero_grad()
    net(batch).sum().backward()
    torch.autograd.grad(net(batch).sum(), batch)
    optimizer.step()
"""
    assert set(gradients(SETUP + source)) == {FRESH}


def test_a_scheduler_is_no_optimizer() -> None:
    source = """
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 10)
for batch in loader:
    net(batch).sum().backward()
    optimizer.step()
    optimizer.zero_grad()
    scheduler.step()
"""
    assert {step.optimizer for step in steps(SETUP + source)} == {"optimizer"}


def test_gradients_put_there_by_hand_are_fresh() -> None:
    source = """
for batch in loader:
    grads = torch.autograd.grad(net(batch).sum(), net.parameters())
    for p, g in zip(net.parameters(), grads):
        p.grad = g
    optimizer.step()
"""
    assert {REUSED, CLEARED} & set(gradients(SETUP + source)) == set()


def test_a_step_says_where_gradients_came_from_and_went() -> None:
    first, second = steps(SETUP + f"for batch in loader:\n    {BACKWARD}\n    {STEP}\n")
    assert first.consumed is None
    assert second.consumed == second.place == first.place
    assert second.backward == first.backward
    assert first.backward is not None


def test_the_place_of_the_clearing_is_told() -> None:
    (step,) = steps(SETUP + f"batch = something\n{BACKWARD}\n{CLEAR}\n{STEP}\n")
    assert step.cleared is not None
    assert step.cleared != step.place
