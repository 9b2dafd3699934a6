"""What gave a tensor its scale, how that is written, and whether something else needs what it makes."""

from __future__ import annotations

from typing import TypeVar

import pytest

from nnlint.events import Event, LossComputed, LossConstructed, OperationRan, Reshaped, ResultDiscarded
from nnlint.values import Maker, Rearrangement, Scale
from tests.interpreting import TENSORS, events, pick

NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 4)
        self.act = nn.Softmax(dim=1)

    def forward(self, x):
        return self.act(self.fc(x))

x, y = torch.load("x.pt"), torch.load("y.pt")
out = Net()(x)
"""

AnyEvent = TypeVar("AnyEvent", bound=Event)


def only(kind: type[AnyEvent], source: str) -> AnyEvent:
    (event,) = pick(kind, events(source))
    return event


def maker(source: str) -> Maker | None:
    """What made the input of the first loss."""
    return pick(LossComputed, events(source))[0].input.maker


def rearranged(source: str) -> Rearrangement | None:
    return next(event.meant for event in pick(Reshaped, events(source)) if event.moved)


# --- makers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "use",
    [
        "",
        "guess = probs.argmax(1)",
        "_, guess = probs.max(dim=1)",
        "guess = probs.detach().cpu().topk(2).indices",
        "F.cross_entropy(probs, y, reduction='sum')",
        "print(probs[0])",
    ],
)
def test_what_only_order_matters_to_leaves_the_softmax_free(use: str) -> None:
    assert maker(f"{TENSORS}F.cross_entropy(probs, y)\n{use}") is not None


@pytest.mark.parametrize(
    "use",
    [
        "right = probs > 0.5",
        "loss = -(probs * y).sum()",
        "sure = probs.sum()",
        "choice = torch.multinomial(probs, 1)",
        "entropy = torch.log(probs)",
        "roc_auc_score(y, probs)",
        "unknown({'probabilities': probs})",
        "F.mse_loss(probs, y)",
        "F.nll_loss(probs, y)",
        "torch.cat([probs, probs]).mean()",
    ],
)
def test_what_needs_probabilities_keeps_the_softmax(use: str) -> None:
    assert maker(f"{TENSORS}F.cross_entropy(probs, y)\n{use}") is None


def test_a_layer_is_known_by_its_own_call_and_by_where_it_is_built() -> None:
    found = maker(NET + "F.cross_entropy(out, y)")
    assert found is not None
    assert found.layer is not None
    assert found.place != found.layer


def test_a_layer_in_a_list_is_taken_out_where_it_is_built() -> None:
    found = maker(TENSORS + "net = nn.Sequential(nn.Linear(8, 4), nn.Softmax(1))\nF.cross_entropy(net(x), y)")
    assert found is not None
    assert found.place == found.layer


def test_an_activation_that_other_layers_work_on_too_is_kept() -> None:
    source = """
    def block(a, b):
        return nn.Sequential(nn.Linear(a, b), nn.ReLU())

    x, y = torch.load("x.pt"), torch.load("y.pt")
    net = nn.Sequential(block(8, 16), block(16, 4))
    F.cross_entropy(net(x), y)
    """
    assert maker(source) is None


def test_of_two_softmaxes_that_may_have_made_it_none_is_taken_out() -> None:
    source = TENSORS + "if unknown:\n    probs = scores.softmax(1)\nF.cross_entropy(probs, y)"
    assert maker(source) is None


# --- losses ----------------------------------------------------------------------------------------------------


def test_a_loss_knows_all_that_it_is_fed() -> None:
    source = TENSORS + "criterion = nn.NLLLoss()\ncriterion(scores, y)\ncriterion(probs, y)"
    fed = [event.loss.fed for event in pick(LossComputed, events(source))]
    assert fed == [frozenset({Scale.LOGITS, Scale.PROBABILITIES})] * 2


@pytest.mark.parametrize(
    ("code", "count", "called"),
    [
        ("nn.MSELoss(scores, y)", 2, False),
        ("nn.BCELoss(scores)(scores, y)", 1, True),
        ("nn.MSELoss(scores, reduction='sum')", None, False),
    ],
)
def test_a_loss_that_is_built_of_tensors_knows_how_many_and_whether_it_is_called(
    code: str, count: int | None, called: bool
) -> None:
    source = TENSORS + f"scores = nn.Linear(8, 4)(x)\nloss = {code}"
    event = only(LossConstructed, source)
    assert (event.count, event.called) == (count, called)


# --- how operations are written --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "names", "method"),
    [
        ("torch.log(F.softmax(scores, 1))", ["log", "softmax"], False),
        ("scores.softmax(1).log()", ["log", "softmax"], True),
        ("torch.log(input=scores.exp().sum(1))", ["log", "sum", "exp"], False),
    ],
)
def test_an_operation_is_known_as_it_is_written(code: str, names: list[str], method: bool) -> None:
    event = next(e for e in pick(OperationRan, events(TENSORS + code)) if e.operation == "log")
    assert [each.name for each in event.written] == names
    assert event.written[0].method is method


def test_a_layer_that_is_applied_twice_is_shared() -> None:
    source = TENSORS + "act = nn.Softmax(0)\na = act(scores)\nb = act(scores)"
    told = [event.shared for event in pick(OperationRan, events(source)) if event.layer_made is not None]
    assert told == [True, True]


# --- views -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "first", "then"),
    [
        ("x.view(t, b, c)", (1, 0, 2), ()),
        ("x.view(b, c, t)", (0, 2, 1), ()),
        ("torch.reshape(x, (t, b * c))", (1, 0, 2), ()),
    ],
)
def test_a_view_knows_the_order_that_was_meant(code: str, first: tuple[int, ...], then: tuple[int, ...]) -> None:
    found = rearranged(f"x = torch.load('x.pt').float()\nb, t, c = x.shape\nz = {code}")
    assert found is not None
    assert (found.first, found.then) == (first, then)


def test_heads_that_are_split_are_brought_back_behind_the_view() -> None:
    source = """
    def split(x, heads):
        b, t, c = x.shape
        return x.view(b, heads, t, c // heads)
    """
    found = rearranged(source)
    assert found is not None
    assert found.then == (0, 2, 1, 3)


def test_an_array_has_no_permute() -> None:
    source = """
    import cv2
    picture = cv2.imread("a.png")
    h, w, c = picture.shape
    z = picture.reshape(c, h, w)
    """
    assert rearranged(source) is None


# --- results thrown away ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "known"),
    [
        ("x = torch.rand(2, 3)\n    x.clamp(0, 1)\n    return x", True),
        ("x = torch.rand(2, 3)\n    x.clamp(0, 1)", False),
        ("x = torch.rand(2, 3)\n    for i in range(3):\n        y = x + i\n        x.clamp(0, 1)", True),
        ("for z in torch.rand(2, 3):\n        z.clamp(0, 1)", False),
        ("outside.clamp(0, 1)\n    return outside", False),
    ],
)
def test_a_result_is_assigned_where_the_variable_is_read_later(body: str, known: bool) -> None:
    event = pick(ResultDiscarded, events(f"outside = torch.rand(3)\ndef f(x):\n    {body}\n"))[0]
    assert (event.target is not None) is known


def test_requiring_a_gradient_of_what_hangs_on_a_graph_cuts_nothing() -> None:
    from nnlint.events import GraphCut

    source = TENSORS + "loss = F.cross_entropy(scores, y)\nloss.requires_grad_()\nloss.backward()"
    assert pick(GraphCut, events(source)) == []
