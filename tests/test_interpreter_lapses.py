"""What is told of modes that are missed, of passes that are rehearsed, of parts that do not learn."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from nnlint.events import DropoutRan, FrozenNormUpdated, LayerBuilt, ModeMissed, UngradedPass
from nnlint.values import Lapse, ModeMiss
from tests.interpreting import events, forwards, pick

NET = """
class Net(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p
        self.body = nn.Sequential(nn.Linear(8, 8, bias=False), nn.BatchNorm1d(8), nn.Dropout(p))
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        return self.head(self.body(x))

def evaluate(model, val_loader):
    hits = 0
    with torch.no_grad():
        for x, y in val_loader:
            hits += (model(x).argmax(1) == y).sum().item()
    return hits

def fit(model, loader):
    optimizer = torch.optim.Adam(model.parameters())
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

loader, val_loader = torch.load("train"), torch.load("val")
net = Net()
"""


def dropouts(forward: str) -> list[DropoutRan]:
    """The dropout that stays on in a network of this forward pass, which the script only trains."""
    body = indent(dedent(forward), " " * 8)
    source = f"{NET}\nclass Own(Net):\n    def forward(self, x, sample=False):\n{body}\nfit(Own(), loader)\n"
    return pick(DropoutRan, events(source))


def lapses(source: str) -> list[Lapse]:
    """Why each network that runs in training mode without gradients does so."""
    told = forwards(NET + dedent(source))
    return [forward.lapse for forward in told if forward.training and forward.gradients_enabled is False]


@pytest.mark.parametrize(
    "forward",
    [
        "return self.head(F.dropout(x))",
        "return self.head(F.dropout(x, self.p / 2))",
        "x = F.dropout(x, self.p) if self.p else x\nreturn self.head(x)",
        "return self.head(nn.Dropout(0.3)(x))",
        "y = F.scaled_dot_product_attention(x, x, x, dropout_p=self.p)\nreturn self.head(y)",
    ],
)
def test_dropout_that_asks_for_no_mode_is_seen_in_a_rehearsal(forward: str) -> None:
    assert dropouts(forward)


@pytest.mark.parametrize(
    "forward",
    [
        "return self.head(F.dropout(x, self.p, self.training))",
        "if not self.training:\n    return self.head(x)\nreturn self.head(F.dropout(x))",
        "rate = self.p if self.training else 0.0\nreturn self.head(F.dropout(x, rate))",
        "if sample:\n    x = F.dropout(x)\nreturn self.head(x)",
        "drop = nn.Dropout(0.3)\ndrop.train(self.training)\nreturn self.head(drop(x))",
        "y = F.scaled_dot_product_attention(x, x, x, dropout_p=self.p * self.training)\nreturn self.head(y)",
    ],
)
def test_dropout_that_follows_the_mode_is_not_told(forward: str) -> None:
    assert not dropouts(forward)


def test_a_rehearsal_leaves_no_traces() -> None:
    source = f"""{NET}
class Counting(Net):
    def forward(self, x):
        self.calls = self.calls + 1
        return self.head(F.dropout(x)).view(self.calls, 16)

net = Counting()
net.calls = 0
net(torch.randn(4, 8))
torch.zeros(net.calls, 7).view(-1)
"""
    assert len(forwards(source)) == 1
    assert len(pick(DropoutRan, events(source))) == 1


def test_a_layer_that_is_kept_under_a_guard_is_built_once() -> None:
    built = """
class Lazy(Net):
    def forward(self, x):
        if not hasattr(self, "out"):
            self.out = nn.Linear(8, 2)
        return self.out(x)

class Fresh(Net):
    def forward(self, x):
        return nn.Linear(8, 2)(x)

class Fixed(Net):
    def forward(self, x):
        blur = nn.Conv1d(1, 1, 3)
        blur.weight.data.fill_(1 / 3)
        return blur(x)

for model in (Lazy(), Fresh(), Fixed()):
    fit(model, loader)
"""
    assert [event.module for event in pick(LayerBuilt, events(NET + built))] == ["Fresh"]


def test_it_is_known_why_an_evaluation_runs_in_training_mode() -> None:
    fit = "net.train()\nfit(net, loader)\n"
    assert set(lapses(fit + "evaluate(net, val_loader)")) == {Lapse.FORGOTTEN}
    assert set(lapses(fit + "net.eval\nevaluate(net, val_loader)")) == {Lapse.MISSED}
    assert set(lapses(fit + "net.load_state_dict(torch.load('best'))\nevaluate(net, val_loader)")) == {Lapse.LOADED}
    other = "def check(ema):\n    net.eval()\n    return evaluate(ema, val_loader)\ncheck(Net())"
    assert set(lapses(fit + other)) == {Lapse.OTHER_SWITCHED}
    inside = """
def check(model):
    with torch.no_grad():
        model.train()
        return evaluate(model, val_loader)
"""
    assert set(lapses(fit + inside + "check(net)")) == {Lapse.TRAIN_CALLED}


def test_training_after_a_load_is_no_inference() -> None:
    assert Lapse.LOADED not in lapses(
        "net.load_state_dict(torch.load('best'))\nfit(net, loader)\nevaluate(net, loader)"
    )


def test_an_override_of_train_is_told_when_it_loses_something_that_matters() -> None:
    source = """
class Loses(Net):
    def train(self, mode=True):
        super().train()
        return self

class Keeps(Net):
    def train(self, mode=True):
        super().train(mode)
        self.body.eval()
        return self

class Silent(Net):
    def train(self, mode=True):
        super().train(mode)

for model in (Loses(), Keeps(), Silent()):
    model.train()
    model.eval()
"""
    assert {event.how for event in pick(ModeMissed, events(NET + source))} == {ModeMiss.MODE_LOST}
    taken = NET + source + "model = Silent().eval()\n"
    assert {event.how for event in pick(ModeMissed, events(taken))} == {ModeMiss.MODE_LOST, ModeMiss.SELF_LOST}


def test_a_part_without_gradients_is_told_unless_another_pass_teaches_it() -> None:
    source = """
class Own(Net):
    def forward(self, x):
        with torch.no_grad():
            h = self.body(x)
        return self.head(h)
"""
    told = pick(UngradedPass, events(NET + source + "fit(Own(), loader)"))
    assert {event.module for event in told} == {"self.body"}
    both = source.replace("return self.head(h)", "return self.head(h) + self.head(self.body(x))")
    assert not pick(UngradedPass, events(NET + both + "fit(Own(), loader)"))


def test_norms_of_a_part_that_learns_again_are_not_frozen() -> None:
    freeze = "net.body.requires_grad_(False)\nnet.train()\nfit(net, loader)\n"
    assert pick(FrozenNormUpdated, events(NET + freeze))
    assert not pick(FrozenNormUpdated, events(NET + freeze + "net.body.requires_grad_(True)\n"))
    assert not pick(FrozenNormUpdated, events(NET + freeze.replace("net.train()", "net.train()\nnet.body.eval()")))
