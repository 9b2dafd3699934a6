"""Networks: how they are built, switched between their modes, and run."""

from __future__ import annotations

import pytest

from nnlint.values import Scale
from tests.interpreting import forwards, layers, modes, scales, wrong

P, L, U = Scale.PROBABILITIES, Scale.LOGITS, Scale.UNKNOWN

# --- what a network computes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "net",
    [
        "nn.Sequential(nn.Linear(8, 4), nn.Softmax(dim=1))",
        "nn.Sequential(*[nn.Linear(8, 4), nn.Softmax(dim=1)])",
        "nn.Sequential(*(nn.Linear(8, 8) for _ in range(3)), nn.Softmax(dim=1))",
        "nn.Sequential(OrderedDict([('fc', nn.Linear(8, 4)), ('soft', nn.Softmax(dim=1))]))",
        "nn.Sequential(OrderedDict(fc=nn.Linear(8, 4), soft=nn.Softmax(dim=1)))",
        "nn.Sequential(collections.OrderedDict({'fc': nn.Linear(8, 4), 'soft': nn.Softmax(dim=1)}))",
        "nn.Sequential(nn.Sequential(nn.Linear(8, 4)), nn.Sequential(nn.Softmax(dim=1)))",
        "nn.Sequential(nn.Softmax(dim=1), nn.Identity(), nn.Flatten())",
        pytest.param(
            "nn.Sequential(nn.Linear(8, 4), nn.Softmax(dim=1))[1:]",
            marks=wrong("a slice of a Sequential is not known to be one"),
        ),
        "nn.Sequential(nn.Linear(8, 4), nn.Softmax(dim=1))[-1]",
        "nn.ModuleList([nn.Linear(8, 4), nn.Softmax(dim=1)])[1]",
        "nn.ModuleDict({'fc': nn.Linear(8, 4), 'soft': nn.Softmax(dim=1)})['soft']",
        "nn.DataParallel(nn.Softmax(dim=1))",
        "nn.parallel.DistributedDataParallel(nn.Softmax(dim=1), device_ids=[0])",
        "torch.compile(nn.Softmax(dim=1))",
        "torch.jit.script(nn.Softmax(dim=1))",
        "nn.DataParallel(nn.Softmax(dim=1)).module",
        "nn.Softmax(dim=1).to('cuda').eval()",
        "copy.deepcopy(nn.Softmax(dim=1))",
        "nn.utils.spectral_norm(nn.Softmax(dim=1))",
        "nn.Softmax(dim=1).train().cuda().float()",
    ],
)
def test_a_network_is_run_layer_by_layer(net: str) -> None:
    assert scales(
        f"import copy, collections\nfrom collections import OrderedDict\nnet = {net}\nF.cross_entropy(net(x), y)"
    ) == [P]


NET = """
class Net(nn.Module):
    def __init__(self, soft=True):
        super().__init__()
        {init}
    def forward(self, z):
        {forward}
"""


@pytest.mark.parametrize(
    ("init", "forward"),
    [
        ("self.soft = nn.Softmax(1)", "return self.soft(z)"),
        ("self.add_module('soft', nn.Softmax(1))", "return self.soft(z)"),
        ("self.register_module('soft', nn.Softmax(1))", "return self.soft(z)"),
        ("setattr(self, 'soft', nn.Softmax(1))", "return getattr(self, 'soft')(z)"),
        ("self.net = nn.Sequential()\n        self.net.add_module('soft', nn.Softmax(1))", "return self.net(z)"),
        ("self.net = nn.Sequential()\n        self.net.append(nn.Softmax(1))", "return self.net(z)"),
        (
            "self.all = nn.ModuleList()\n        self.all.append(nn.Softmax(1))",
            "for layer in self.all:\n            z = layer(z)\n        return z",
        ),
        (
            "self.all = nn.ModuleList(nn.Softmax(1) for _ in range(2))",
            "for i in range(len(self.all)):\n            z = self.all[i](z)\n        return z",
        ),
        (
            "self.all = nn.ModuleList([nn.Linear(8, 8)])\n        self.all.extend([nn.Softmax(1)])",
            "for layer in self.all:\n            z = layer(z)\n        return z",
        ),
        (
            "self.all = nn.ModuleDict({'a': nn.Softmax(1)})",
            "for layer in self.all.values():\n            z = layer(z)\n        return z",
        ),
        ("self.all = nn.ModuleDict()\n        self.all['a'] = nn.Softmax(1)", "return self.all['a'](z)"),
        ("self.all = nn.ModuleDict()\n        self.all.update({'a': nn.Softmax(1)})", "return self.all['a'](z)"),
        (
            "layers = [nn.Linear(8, 8)]\n        layers += [nn.Softmax(1)]\n        self.net = nn.Sequential(*layers)",
            "return self.net(z)",
        ),
        (
            "layers = [nn.Linear(8, 8)]\n        if soft:\n            layers.append(nn.Softmax(1))\n"
            "        self.net = nn.Sequential(*layers)",
            "return self.net(z)",
        ),
        ("self.soft = lambda z: F.softmax(z, 1)", "return self.soft(z)"),
        ("self.soft = F.softmax", "return self.soft(z, 1)"),
        (
            "self.net = nn.Sequential(nn.Linear(8, 8), nn.Identity())\n        self.net[1] = nn.Softmax(1)",
            "return self.net(z)",
        ),
        ("self.net = nn.Sequential(nn.Linear(8, 8), nn.Softmax(1))", "return self.net.forward(z)"),
        ("self.blocks = [nn.Softmax(1)]", "return self.blocks[0](z)"),
        ("pass", "return self.head(z)\n    def head(self, z):\n        return z.softmax(1)"),
    ],
)
def test_a_forward_runs_what_the_constructor_made(init: str, forward: str) -> None:
    assert scales(f"{NET.format(init=init, forward=forward)}\nF.cross_entropy(Net()(x), y)") == [P]


def test_a_layer_that_is_replaced_from_outside_is_gone() -> None:
    source = NET.format(init="self.head = nn.Softmax(1)", forward="return self.head(nn.Linear(1, 1)(z))")
    assert scales(f"{source}\nnet = Net()\nnet.head = nn.Identity()\nF.cross_entropy(net(x), y)") == [L]


def test_a_flag_of_the_constructor_decides_for_one_object_only() -> None:
    source = NET.format(init="self.soft = soft", forward="return F.softmax(z, 1) if self.soft else z")
    assert scales(
        f"{source}\na, b = Net(True), Net(False)\nF.cross_entropy(a(scores), y)\nF.cross_entropy(b(scores), y)"
    ) == [P, L]


def test_a_subclass_of_a_torch_container_runs_as_one() -> None:
    source = """
    class Head(nn.Sequential):
        def __init__(self):
            super().__init__(nn.Linear(8, 4), nn.Softmax(1))
    F.cross_entropy(Head()(x), y)
    """
    assert scales(source) == [P]


def test_a_subclass_of_a_torch_layer_runs_as_one() -> None:
    assert scales("class Head(nn.Linear):\n    pass\nF.cross_entropy(Head(8, 4)(x), y)") == [L]


def test_a_forward_hook_changes_nothing_that_is_claimed_wrongly() -> None:
    source = (
        "net = nn.Linear(8, 4)\nnet.register_forward_hook(lambda m, i, o: o.softmax(1))\nF.cross_entropy(net(x), y)"
    )
    assert scales(source) in ([P], [U], [L])


def test_forward_in_training_and_in_evaluation_may_differ() -> None:
    source = NET.format(init="pass", forward="return z if self.training else z.softmax(1)")
    calls = "net = Net()\nF.cross_entropy(net(scores), y)\nnet.eval()\nF.cross_entropy(net(scores), y)"
    assert scales(f"{source}\n{calls}") == [L, P]


# --- modes -------------------------------------------------------------------------------------------------------

MODEL = """
from elsewhere import Unseen
batch, unknown = torch.load("things")
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 2)
        self.drop = nn.Dropout(0.5)
    def forward(self, z):
        return self.drop(self.fc(z))
net = Net()
"""


@pytest.mark.parametrize(
    ("calls", "training"),
    [
        ("", True),
        ("net.eval()", False),
        ("net.train()", True),
        ("net.train(False)", False),
        ("net.train(mode=False)", False),
        ("net.eval()\nnet.train()", True),
        ("net.train(True)\nnet.eval()", False),
        ("net.eval().train()", True),
        ("net.train(not net.training)", False),
        ("was = net.training\nnet.eval()\nnet.train(was)", True),
        ("net.train(unknown)", None),
        ("if unknown:\n    net.eval()", None),
        ("if unknown:\n    net.eval()\nelse:\n    net.train(False)", False),
        ("for module in net.modules():\n    module.eval()", False),
        ("[m.eval() for m in (net,)]", False),
        ("list(map(lambda m: m.eval(), [net]))", False),
        ("models = {'net': net}\nfor name in models:\n    models[name].eval()", False),
        ("outer = nn.Sequential(net)\nouter.eval()", False),
        ("outer = nn.ModuleList([net])\nouter.eval()", False),
        ("outer = nn.ModuleDict({'net': net})\nouter.eval()", False),
        ("outer = nn.DataParallel(net)\nouter.eval()", False),
        ("outer = nn.Module()\nouter.net = net\nouter.eval()", False),
        ("outer = nn.Module()\nouter.nets = [net]\nouter.eval()", True),
        ("net = nn.DataParallel(net)\nnet.module.eval()\nnet = net.module", False),
        ("net.eval()\nnet = nn.DataParallel(net)\nnet = net.module", False),
        ("net.eval()\nnet = torch.compile(net)", False),
        ("net = torch.compile(net)\nnet.eval()", False),
        ("net = net.to('cuda').eval()", False),
        ("import copy\nother = copy.deepcopy(net)\nother.eval()", True),
        ("import copy\nold = net\nnet = copy.deepcopy(net)\nold.eval()", True),
        ("import copy\nnet.eval()\nnet = copy.deepcopy(net)", False),
        ("other = net\nother.eval()", False),
        ("other = Net()\nother.eval()", True),
        ("net.eval()\nnet = Net()", True),
        ("def off(m):\n    m.eval()\noff(net)", False),
        ("def off(m):\n    m.eval()\nnet.apply(off)", False),
        ("Unseen(net)", None),
        ("net.eval()\nprint(net)", False),
        ("net.eval()\nnet.load_state_dict({})", False),
        ("net.eval", True),
        ("try:\n    net.eval()\nfinally:\n    net.train()", True),
    ],
)
def test_the_mode_is_what_was_set_last(calls: str, training: bool | None) -> None:
    assert modes(f"{MODEL}{calls}\nnet(batch).sum()")[-1] is training


def test_a_train_method_of_ones_own_decides_what_stays_in_evaluation() -> None:
    source = """
class Frozen(Net):
    def train(self, mode=True):
        super().train(mode)
        self.drop.eval()
        return self
net = Frozen()
net.train()
net(batch).sum()
"""
    (forward,) = forwards(MODEL + source)
    assert forward.training is not True


def test_a_train_method_of_ones_own_that_passes_on_sets_the_mode() -> None:
    source = """
class Net2(Net):
    def train(self, mode=True):
        return super().train(mode)
net = Net2()
net.eval()
net(batch).sum()
"""
    assert modes(MODEL + source) == [False]


def test_a_train_method_that_trains_sets_no_mode() -> None:
    source = """
class Trainer:
    def __init__(self, net):
        self.net = net
    def train(self):
        return 1
net.eval()
Trainer(net).train()
net(batch).sum()
"""
    assert modes(MODEL + source) == [False]


def test_a_child_that_is_switched_leaves_its_parent_and_siblings() -> None:
    source = (
        "pair = nn.ModuleDict({'a': Net(), 'b': Net()})\npair['a'].eval()\npair['a'](batch).sum()\n"
        "pair['b'](batch).sum()"
    )
    assert modes(MODEL + source) == [False, True]


def test_a_mode_layer_added_later_is_in_training_mode() -> None:
    source = "net = nn.Sequential(nn.Linear(2, 2))\nnet.eval()\nnet.append(nn.Dropout(0.5))\nnet(batch).sum()"
    assert modes(MODEL + source) != [False]


@pytest.mark.parametrize(
    ("net", "names"),
    [
        ("nn.Linear(2, 2)", ()),
        ("nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))", ("Dropout",)),
        ("nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.0))", ()),
        ("nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))", ("BatchNorm1d",)),
        ("nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2))", ()),
        ("nn.LSTM(2, 2)", ()),
        ("nn.LSTM(2, 2, num_layers=2, dropout=0.1)", ("LSTM",)),
        ("nn.DataParallel(nn.Sequential(nn.Linear(2, 2), nn.Dropout()))", ("Dropout",)),
        ("nn.TransformerEncoderLayer(8, 2)", ("TransformerEncoderLayer",)),
        pytest.param("nn.TransformerEncoderLayer(8, 2, dropout=0.0)", ()),
    ],
)
def test_the_layers_that_have_a_mode_are_named(net: str, names: tuple[str, ...]) -> None:
    (forward,) = forwards(f"batch = torch.load('b')\nnet = {net}\nnet(batch)")
    assert forward.mode_layers is not None
    assert tuple(name.rpartition("(")[2].rstrip(")") for name in forward.mode_layers) == names


def test_of_a_network_of_another_package_no_mode_layers_are_known() -> None:
    (forward,) = forwards("import torchvision\nnet = torchvision.models.resnet18()\nnet(torch.load('b'))")
    assert forward.mode_layers is None


@pytest.mark.parametrize(
    ("net", "training"),
    [
        ("torchvision.models.resnet18()", True),
        ("timm.create_model('vit')", True),
        ("transformers.AutoModel.from_pretrained('bert')", False),
    ],
)
def test_a_network_of_another_package_is_born_in_the_mode_its_package_leaves_it_in(net: str, training: bool) -> None:
    assert modes(f"import torchvision, timm, transformers\nnet = {net}\nnet(torch.load('b'))") == [training]


def test_the_place_where_the_mode_was_set_is_told() -> None:
    first, second = forwards(MODEL + "net(batch).sum()\nnet.eval()\nnet(batch).sum()")
    assert first.mode_set is None
    assert second.mode_set is not None


# --- gradients enabled -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "enabled"),
    [
        ("net(batch)", True),
        ("with torch.no_grad():\n    net(batch)", False),
        ("with torch.inference_mode():\n    net(batch)", False),
        ("with torch.no_grad(), open('f'):\n    net(batch)", False),
        ("with torch.no_grad():\n    with torch.enable_grad():\n        net(batch)", True),
        ("with torch.no_grad():\n    pass\nnet(batch)", True),
        ("with torch.set_grad_enabled(False):\n    net(batch)", False),
        ("with torch.set_grad_enabled(unknown):\n    net(batch)", None),
        ("torch.set_grad_enabled(False)\nnet(batch)", False),
        ("torch.set_grad_enabled(False)\ntorch.set_grad_enabled(True)\nnet(batch)", True),
        ("@torch.no_grad()\ndef f():\n    net(batch)\nf()", False),
        ("@torch.no_grad\ndef f():\n    net(batch)\nf()", False),
        ("@torch.inference_mode()\ndef f():\n    net(batch)\nf()", False),
        ("@torch.no_grad()\ndef f():\n    pass\nf()\nnet(batch)", True),
        ("def f():\n    with torch.no_grad():\n        return 1\nf()\nnet(batch)", True),
        ("for _ in (1, 2):\n    with torch.no_grad():\n        break\nnet(batch)", True),
        ("def f():\n    net(batch)\nwith torch.no_grad():\n    f()", False),
        ("off = torch.no_grad()\nwith off:\n    net(batch)", False),
        ("off = torch.no_grad\nwith off():\n    net(batch)", False),
        ("with torch.no_grad() if unknown else torch.enable_grad():\n    net(batch)", None),
        ("from contextlib import nullcontext\nwith nullcontext():\n    net(batch)", True),
        ("with torch.autocast('cuda'):\n    net(batch)", True),
        ("@torch.no_grad()\nclass A:\n    pass\nnet(batch)", True),
        ("torch.no_grad()\nnet(batch)", True),
    ],
)
def test_gradients_are_recorded_or_not_as_torch_has_it(source: str, enabled: bool | None) -> None:
    assert [forward.gradients_enabled for forward in forwards(MODEL + source)] == [enabled]


# --- biases before norms -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("net", "fed"),
    [
        ("nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))", True),
        ("nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8))", False),
        ("nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.BatchNorm2d(8))", False),
        ("nn.Sequential(nn.Conv2d(3, 8, 3), nn.MaxPool2d(2), nn.BatchNorm2d(8))", True),
        ("nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8))", True),
        ("nn.Sequential(nn.Conv2d(3, 8, 3), nn.GroupNorm(2, 8))", False),
        ("nn.Sequential(nn.Conv2d(3, 8, 3), nn.LayerNorm(8))", False),
        ("nn.Sequential(nn.Conv2d(3, 8, 3), nn.Identity(), nn.BatchNorm2d(8))", True),
        ("nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 8, 3))", False),
        ("nn.Sequential(nn.ConvTranspose2d(3, 8, 3), nn.InstanceNorm2d(8))", True),
    ],
)
def test_a_norm_that_takes_the_bias_away_is_told_of(net: str, fed: bool) -> None:
    told = layers(f"net = {net}\nnet(torch.load('b'))")
    assert any(event.fed_by is not None for event in told) is fed


def test_an_output_that_is_used_elsewhere_too_feeds_no_norm() -> None:
    source = "conv, norm = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)\nz = conv(torch.load('b'))\nz = norm(z) + z"
    assert [event.fed_by for event in layers(source) if event.fed_by] == []


def test_what_apply_hands_to_a_function_keeps_its_own_name() -> None:
    source = """
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
            self.apply(self.visit)
        def visit(self, module):
            self.visited = module
        def forward(self, x):
            return self.body(x)
    Net()(torch.load("x"))
    """
    assert [event.layer.called for event in layers(source)] == ["nn.BatchNorm2d"]
