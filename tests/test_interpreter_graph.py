"""What hangs on a graph, what was cut off it, and what `backward` reaches."""

from __future__ import annotations

import pytest

from nnlint.events import Broadcasted, GraphCut, LossConstructed, OperationRan, Thresholded
from tests.interpreting import TENSORS, events, pick

NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(8, 8)
        self.head = nn.Linear(8, 1)
    def forward(self, x):
        return self.head(torch.relu(self.encoder(x)))
net = Net()
x, y = torch.randn(16, 8), torch.randn(16)
"""


def cuts(source: str) -> list[tuple[str, bool, bool]]:
    """How the graph was cut, whether `backward` was called behind it, and whether nothing else was left to it."""
    return [(cut.operation, cut.differentiated, cut.whole) for cut in pick(GraphCut, events(NET + source))]


@pytest.mark.parametrize(
    "loss",
    [
        "net(x).mean().detach().requires_grad_()",
        "torch.tensor(net(x).mean(), requires_grad=True)",
        "torch.tensor(net(x).mean().item(), requires_grad=True)",
        "nn.MSELoss()(net(x).detach(), y)",
        "torch.autograd.Variable(net(x).mean().data, requires_grad=True)",
    ],
)
def test_a_loss_that_was_cut_off_reaches_nothing(loss: str) -> None:
    assert ("detach", True, True) in cuts(f"loss = {loss}\nloss.backward()")


@pytest.mark.parametrize(
    "loss",
    [
        "net(net(x).detach().expand(16, 8)).mean()",
        "net(x).mean() - net(x).mean().detach()",
        "(weight * net(x).detach()).mean()",
        "unknown(net(x).detach())",
        "nn.Linear(1, 1)(net(x).detach()).mean()",
    ],
)
def test_a_loss_of_which_a_part_is_cut_off_still_trains(loss: str) -> None:
    setup = "unknown = torch.load('f')\nweight = nn.Parameter(torch.ones(1))\n"
    assert ("detach", True, False) in cuts(f"{setup}loss = {loss}\nloss.backward()") or "unknown" in loss
    assert ("detach", True, True) not in cuts(f"{setup}loss = {loss}\nloss.backward()")


def test_an_input_that_gets_gradients_is_trained_too() -> None:
    assert cuts("z = net(x).detach().requires_grad_()\n((z - y) ** 2).sum().backward()") == [("detach", True, False)]


def test_a_scalar_parameter_set_by_attribute_is_trained_too() -> None:
    source = "temperature = torch.tensor(1.0)\ntemperature.requires_grad = True\n"
    assert cuts(f"{source}(temperature * net(x).detach()).mean().backward()") == [("detach", True, False)]


@pytest.mark.parametrize(
    "number", ["torch.randn(size=(), requires_grad=True)", "torch.tensor(0.5, requires_grad=True)"]
)
def test_a_number_with_which_a_parameter_starts_is_trained_too(number: str) -> None:
    assert [whole for _, _, whole in cuts(f"a = {number.format('requires_grad=True')}\n(a * 2).backward()")] == [False]


def test_what_is_cut_off_for_the_log_is_not_differentiated() -> None:
    assert cuts("loss = net(x).mean()\nprint(loss.item())\nloss.backward()") == [("detach", False, False)]


@pytest.mark.parametrize(
    ("expression", "operation"),
    [
        ("net(x).argmax(1)", "argmax"),
        ("(net(x) > 0)", "compare"),
        ("net(x).round()", "round"),
        ("torch.sign(net(x))", "step"),
    ],
)
def test_no_gradient_flows_through_decisions(expression: str, operation: str) -> None:
    assert (operation, True, True) in cuts(f"loss = nn.MSELoss()({expression}.float(), y)\nloss.backward()")


def test_a_straight_through_estimator_keeps_its_graph() -> None:
    source = "out = net(x)\nhard = out + (out.round() - out).detach()\nhard.mean().backward()"
    assert not any(whole for _, _, whole in cuts(source))


def test_without_gradients_nothing_is_cut() -> None:
    assert cuts("with torch.no_grad():\n    net(x).mean().item()") == []


def test_data_written_into_a_tensor_leaves_its_graph() -> None:
    assert not any(whole for _, _, whole in cuts("loss = net(x).mean()\nloss.data.clamp_(0, 1)\nloss.backward()"))


# --- operations that rules ask about -------------------------------------------------------------------------------


def ran(source: str) -> list[OperationRan]:
    return pick(OperationRan, events(NET + source))


def test_an_operation_knows_whether_backward_came_through_it() -> None:
    (first, second) = ran("a = net(x).log()\nb = net(x).log()\na.mean().backward()")
    assert (first.differentiated, second.differentiated) == (True, False)


def test_an_operation_knows_its_sizes_and_the_dimension_of_the_batch() -> None:
    source = """
    for (x,) in torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x), batch_size=4):
        torch.softmax(net(x), dim=0)
    """
    (told, *_) = ran("\n".join(line[4:] for line in source.splitlines()))
    assert told.sizes is not None
    assert (len(told.sizes), told.sizes[1], told.batch, told.options["dim"]) == (2, "1", 0, 0)


@pytest.mark.parametrize(("guarded", "expression"), [(True, "(p + 1e-8)"), (True, "p.clamp(min=1e-6)"), (False, "p")])
def test_a_value_kept_off_zero_is_known(guarded: bool, expression: str) -> None:
    told = ran(f"p = torch.sigmoid(net(x))\ntorch.log({expression}).mean().backward()")
    assert [each.input.guarded for each in told if each.operation == "log"] == [guarded]


# --- losses, their shapes and their constructors -------------------------------------------------------------------


def crossed(source: str) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return [event.sizes for event in pick(Broadcasted, events(NET + source)) if event.differentiated]


@pytest.mark.parametrize(
    "source",
    [
        "nn.MSELoss()(net(x), y).backward()",
        "loss = F.l1_loss(net(x), y)\nloss.backward()",
        "((net(x) - y) ** 2).mean().backward()",
    ],
)
def test_a_column_against_a_row_is_crossed(source: str) -> None:
    assert crossed(source) == [(("16", "1"), ("16",))]


@pytest.mark.parametrize(
    "source",
    [
        "nn.MSELoss()(net(x).squeeze(1), y).backward()",
        "nn.MSELoss()(net(x), y.unsqueeze(1)).backward()",
        "nn.MSELoss()(net(x), y.view_as(net(x))).backward()",
        "((net(x)[:, 0] - y) ** 2).mean().backward()",
        "nn.MSELoss()(net(x), torch.load('f')).backward()",
        "(net(x) * y).mean().backward()",
    ],
)
def test_sizes_that_agree_or_are_not_known_are_not_crossed(source: str) -> None:
    assert crossed(source) == []


def test_a_loss_constructed_with_outputs_is_told_of() -> None:
    assert [event.outputs for event in pick(LossConstructed, events(NET + "nn.MSELoss(net(x), y)"))] == ["net(x)"]
    assert not pick(LossConstructed, events(TENSORS + "nn.CrossEntropyLoss(torch.tensor([1.0, 2.0]))"))


@pytest.mark.parametrize(
    ("source", "thresholds"),
    [
        ("found = net(x) > 0.5", [0.5]),
        ("found = net(x).round()", [None]),
        ("found = torch.sigmoid(net(x)) > 0.5", []),
        ("found = net(x) > 0", []),
    ],
)
def test_raw_scores_that_are_thresholded_are_told_of(source: str, thresholds: list[float | None]) -> None:
    trained = f"F.binary_cross_entropy_with_logits(net(x)[:, 0], y).backward()\n{source}"
    assert [event.threshold for event in pick(Thresholded, events(NET + trained))] == thresholds
    assert not pick(Thresholded, events(NET + f"F.mse_loss(net(x)[:, 0], y).backward()\n{source}"))
