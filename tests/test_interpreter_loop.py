"""What happens to gradients in a loop, and to who holds parameters and graphs, as it is told at the end of a root."""

from __future__ import annotations

import pytest

from nnlint.events import (
    BackwardRan,
    GradientsCleared,
    GradientsClipped,
    GraphRetained,
    OptimizerBuilt,
    ParametersFrozen,
)
from nnlint.values import Gradients
from tests.interpreting import events, gradients, kept, pick

SETUP = """
loader, flag, something = torch.load("things")
net, other = nn.Linear(2, 1), nn.Linear(1, 1)
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
"""
LOSS, BACKWARD, STEP, CLEAR = (
    "loss = criterion(net(x), y)",
    "loss.backward()",
    "optimizer.step()",
    "optimizer.zero_grad()",
)
CLIP = "nn.utils.clip_grad_norm_(net.parameters(), 1.0)"


def loop(*body: str) -> str:
    """A loop over a loader with this body."""
    return SETUP + "for i, (x, y) in enumerate(loader):\n" + "".join(f"    {line}\n" for line in body)


# --- order --------------------------------------------------------------------------------------------------------


def test_a_step_is_early_where_the_loss_is_there_and_backward_comes_behind_it() -> None:
    assert set(gradients(loop(CLEAR, LOSS, STEP, BACKWARD))) == {Gradients.EARLY}


def test_a_step_is_not_early_where_the_loss_is_computed_behind_it() -> None:
    assert Gradients.EARLY not in gradients(loop(STEP, CLEAR, LOSS, BACKWARD))


def test_gradients_are_absent_where_nothing_differentiates_the_loss() -> None:
    assert gradients(loop(CLEAR, LOSS, STEP)) == [Gradients.ABSENT] * 2


@pytest.mark.parametrize("line", ["something(loss)", "something.differentiate(loss)", "net.weight.grad = something"])
def test_nothing_is_said_of_gradients_that_something_unknown_may_have_made(line: str) -> None:
    assert Gradients.ABSENT not in gradients(loop(CLEAR, LOSS, line, STEP))


def clipped(source: str) -> list[Gradients]:
    return [clip.gradients for clip in pick(GradientsClipped, events(source))]


def test_clipping_behind_the_step_finds_used_gradients() -> None:
    assert clipped(loop(CLEAR, LOSS, BACKWARD, STEP, CLIP)) == [Gradients.USED]


def test_clipping_before_backward_finds_none() -> None:
    assert clipped(loop(CLEAR, LOSS, CLIP, BACKWARD, STEP)) == [Gradients.CLEARED]


def test_of_clipping_behind_a_step_that_may_not_be_taken_nothing_is_said() -> None:
    assert clipped(loop(CLEAR, LOSS, BACKWARD, "if flag:", f"    {STEP}", CLIP)) == [Gradients.UNKNOWN]


# --- accumulation -------------------------------------------------------------------------------------------------


def waiting(source: str) -> bool:
    return any(clear.waiting is not None for clear in pick(GradientsCleared, events(source)))


def test_clearing_in_each_pass_undoes_a_step_in_every_fourth() -> None:
    assert waiting(loop(CLEAR, LOSS, BACKWARD, "if (i + 1) % 4 == 0:", f"    {STEP}"))


def test_the_number_of_passes_may_be_kept_in_a_variable() -> None:
    due = "due = (i + 1) % 4 == 0 or i + 1 == len(loader)"
    assert waiting(loop(CLEAR, LOSS, BACKWARD, due, "if due:", f"    {STEP}"))


def test_a_step_on_another_condition_does_not_accumulate() -> None:
    assert not waiting(loop(CLEAR, LOSS, BACKWARD, "if torch.isfinite(loss):", f"    {STEP}"))


def accumulated(source: str) -> bool:
    return any(backward.accumulated is not None for backward in pick(BackwardRan, events(source)))


EVERY_FOURTH = ("if i % 4 == 3:", f"    {STEP}", f"    {CLEAR}")


def test_means_of_several_batches_are_added_up() -> None:
    assert accumulated(loop(LOSS, BACKWARD, *EVERY_FOURTH))


@pytest.mark.parametrize(
    "loss",
    [
        "loss = criterion(net(x), y) / 4",
        "loss = criterion(net(x), y) * 0.25",
        "loss = F.mse_loss(net(x), y, reduction='sum')",
        "loss = something(net(x), y)",
    ],
)
def test_a_share_or_a_sum_or_something_unknown_is_no_undivided_mean(loss: str) -> None:
    assert not accumulated(loop(loss, BACKWARD, *EVERY_FOURTH))


def test_a_learning_rate_that_is_divided_says_that_gradients_are_added_up() -> None:
    source = loop(LOSS, BACKWARD, *EVERY_FOURTH)
    assert not accumulated(source.replace("lr=0.1", "lr=0.1 / 4"))


# --- who holds what -----------------------------------------------------------------------------------------------


def missed(source: str) -> list[tuple[str, bool]]:
    built = pick(OptimizerBuilt, events(source))
    return [(event.misses, event.attached is not None) for event in built if event.misses]


TRAIN = "for x, y in loader:\n    optimizer.zero_grad()\n    criterion(net(x), y).backward()\n    optimizer.step()\n"


def test_a_layer_that_replaces_another_behind_the_optimizer_is_missed() -> None:
    foreign = "import torchvision\nnet = torchvision.models.resnet18()\n"
    assert missed(
        SETUP + foreign + "optimizer = torch.optim.SGD(net.parameters(), lr=0.1)\nnet.fc = nn.Linear(512, 1)\n" + TRAIN
    ) == [("fc", True)]


def test_a_network_that_no_optimizer_holds_is_missed() -> None:
    assert missed(SETUP + TRAIN.replace("net(x)", "other(net(x))")) == [("other", False)]


@pytest.mark.parametrize(
    "line",
    [
        "other.requires_grad_(False)",
        "other.eval()",
        "other.load_state_dict(something)",
        "optimizer.add_param_group({'params': other.parameters()})",
        "second = torch.optim.SGD(other.parameters(), lr=0.1)",
        "second = torch.optim.SGD(something, lr=0.1)",
    ],
)
def test_a_network_that_is_frozen_loaded_or_held_elsewhere_is_not_missed(line: str) -> None:
    assert missed(SETUP + line + "\n" + TRAIN.replace("net(x)", "other(net(x))")) == []


def rebuilt(source: str) -> bool:
    return any(event.loop is not None for event in pick(OptimizerBuilt, events(source)))


def test_an_optimizer_is_rebuilt_in_each_epoch() -> None:
    again = "optimizer = torch.optim.Adam(net.parameters(), lr=0.1)\n"
    body = again + TRAIN
    assert rebuilt(SETUP + "for epoch in range(30):\n" + "".join(f"    {line}\n" for line in body.splitlines()))


def test_plain_gradient_descent_has_no_state_to_lose() -> None:
    body = "optimizer = torch.optim.SGD(net.parameters(), lr=0.1)\n" + TRAIN
    assert not rebuilt(SETUP + "for epoch in range(30):\n" + "".join(f"    {line}\n" for line in body.splitlines()))


def test_a_fresh_head_is_frozen_with_the_network_unless_it_is_spared() -> None:
    foreign = SETUP + "import torchvision\nnet = torchvision.models.resnet18()\nnet.fc = nn.Linear(512, 1)\n"
    freeze = "for name, p in net.named_parameters():\n"
    optimizer = "optimizer = torch.optim.SGD(net.parameters(), lr=0.1)\n"
    whole = foreign + freeze + "    p.requires_grad = False\n" + optimizer + TRAIN
    unless = "    if 'fc' in name:\n        continue\n    p.requires_grad = False\n"
    spared = foreign + freeze + unless + optimizer + TRAIN
    assert [len(pick(ParametersFrozen, events(source))) for source in (whole, spared)] == [1, 0]


# --- graphs -------------------------------------------------------------------------------------------------------


def test_totals_and_lists_of_losses_keep_their_graphs() -> None:
    source = loop(CLEAR, LOSS, BACKWARD, STEP, "total += loss", "losses.append(loss)")
    assert kept(source.replace("for i", "total, losses = 0, []\nfor i")) == ["list losses", "sum total"]


@pytest.mark.parametrize(
    "line",
    [
        "total += loss.item()",
        "total += something(loss)",
        "total += (y - x).mean()",
        "import elsewhere; total += elsewhere.train(net(x), y, optimizer)",
    ],
)
def test_numbers_and_what_is_unknown_keep_none(line: str) -> None:
    assert kept(loop(CLEAR, LOSS, BACKWARD, STEP, line).replace("for i", "total = 0\nfor i")) == []


def test_a_tensor_that_may_have_been_turned_into_a_number_keeps_none() -> None:
    meter = "if isinstance(loss, torch.Tensor) and flag:"
    source = loop(CLEAR, LOSS, BACKWARD, STEP, meter, "    loss = loss.item()", "total += loss")
    assert kept(source.replace("for i", "total = 0\nfor i")) == []


def retained(source: str) -> list[bool]:
    """Of the backward passes that leave a graph behind: whether it is one of an earlier step."""
    return [event.carried is not None for event in pick(GraphRetained, events(source))]


def test_a_graph_is_retained_for_nothing() -> None:
    assert retained(loop(CLEAR, LOSS, "loss.backward(retain_graph=True)", STEP)) == [False, False]


@pytest.mark.parametrize("line", ["torch.autograd.grad(loss, something)", "something(loss)", "(2 * loss).backward()"])
def test_a_graph_is_retained_for_what_may_use_it(line: str) -> None:
    assert retained(loop(CLEAR, LOSS, "loss.backward(retain_graph=True)", line, STEP)) == []


def test_a_state_carried_on_one_path_only_is_not_said_to_be_carried() -> None:
    body = ("if flag:", "    state = 0", "state = net(x + state)", CLEAR, "state.sum().backward()", STEP)
    carried = loop("state = net(x + state)", CLEAR, "state.sum().backward()", STEP)
    assert retained(loop(*body).replace("for i", "state = 0\nfor i")) == []
    assert retained(carried.replace("for i", "state = 0\nfor i")) == [True]
