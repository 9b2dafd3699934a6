"""What a run shows of the layers of a network, where no fixture shows it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from nnlint.probe.verdicts import Seen, judge
from tests.nursery import Nursery

pytestmark = pytest.mark.torch

CODES = [f"NN5{number:02}" for number in range(1, 14)]
TRAIN = """
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(4):
    optimizer.zero_grad()
    net(torch.randn(8, 6)).square().mean().backward()
    optimizer.step()
"""


def run(folder: Path, text: str) -> list[Seen]:
    (folder / "script.py").write_text("import torch\nfrom torch import nn\n" + text)
    testimony = nursery().run(folder, "script.py")
    assert testimony.how == "finished", testimony.output
    assert not testimony.faults
    return judge(testimony, CODES)


@cache
def nursery() -> Nursery:
    return Nursery()


def standing(seen: list[Seen]) -> list[str]:
    return [each.finding.code for each in seen if each.sighting.alone]


def test_a_bias_before_a_norm_is_seen_through_a_function(tmp_path: Path) -> None:
    seen = run(
        tmp_path,
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.fc = nn.Linear(6, 4)\n"
        "        self.bn = nn.BatchNorm1d(4)\n"
        "    def forward(self, x):\n"
        "        return torch.sin(self.bn(self.fc(x)).view(8, 4) + 0.3)\n"
        f"net = Net(){TRAIN}",
    )
    assert standing(seen) == ["NN501"]


def test_a_bias_that_may_be_there_is_no_finding_by_itself(tmp_path: Path) -> None:
    seen = run(
        tmp_path,
        "flag = True\nnet = nn.Sequential(nn.Linear(6, 4, bias=flag), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 2))"
        + TRAIN,
    )
    assert standing(seen) == []
    assert [each.finding.code for each in seen] == ["NN501"]


def test_layers_in_a_list_that_an_optimizer_has_are_no_finding_by_themselves(tmp_path: Path) -> None:
    text = (
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.layers = [nn.Linear(6, 6), nn.Linear(6, 6)]\n"
        "    def forward(self, x):\n"
        "        for layer in self.layers:\n"
        "            x = torch.tanh(layer(x))\n"
        "        return x\n"
        "net = Net()\n"
    )
    parameters = "[p for layer in net.layers for p in layer.parameters()]"
    seen = run(tmp_path, text + TRAIN.replace("net.parameters()", parameters))
    assert "NN502" not in standing(seen)


def test_a_teacher_in_a_list_is_no_finding_by_itself(tmp_path: Path) -> None:
    seen = run(
        tmp_path,
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.student = nn.Linear(6, 4)\n"
        "        self.teacher = [nn.Linear(6, 4).requires_grad_(False)]\n"
        "    def forward(self, x):\n"
        "        return self.student(x) - self.teacher[0](x)\n"
        f"net = Net(){TRAIN}",
    )
    assert "NN502" not in standing(seen)


def test_a_layer_that_another_setting_uses_is_no_finding_by_itself(tmp_path: Path) -> None:
    seen = run(
        tmp_path,
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.fc = nn.Linear(6, 4)\n"
        "        self.extra = nn.Linear(4, 4)\n"
        "    def forward(self, x, deep=False):\n"
        "        x = self.fc(x)\n"
        "        return self.extra(x) if deep else x\n"
        f"net = Net(){TRAIN}",
    )
    assert standing(seen) == []


def test_a_recurrent_use_of_a_norm_is_no_reuse(tmp_path: Path) -> None:
    seen = run(
        tmp_path,
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.fc = nn.Linear(6, 6, bias=False)\n"
        "        self.bn = nn.BatchNorm1d(6)\n"
        "    def forward(self, x):\n"
        "        for _ in range(3):\n"
        "            x = torch.tanh(self.bn(self.fc(x)))\n"
        "        return x\n"
        f"net = Net(){TRAIN}",
    )
    assert standing(seen) == []


def test_weights_that_a_random_layer_follows_part(tmp_path: Path) -> None:
    seen = run(
        tmp_path,
        "net = nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 2))\n"
        f"nn.init.ones_(net[0].weight)\nnn.init.zeros_(net[0].bias){TRAIN}",
    )
    assert standing(seen) == []


def test_weights_of_a_network_that_is_gone_are_not_drawn_anew(tmp_path: Path) -> None:
    seen = run(
        tmp_path,
        "def made():\n"
        "    return nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 2))\n"
        "state = made().state_dict()\n"
        "for _ in range(5):\n"
        "    net = made()\n"
        "    net.load_state_dict(state)\n"
        "    del net\n"
        f"net = made(){TRAIN}",
    )
    assert standing(seen) == []


def test_sparse_and_meta_weights_break_no_observer(tmp_path: Path) -> None:
    run(
        tmp_path,
        "ghost = nn.Linear(4, 4, device='meta')\n"
        "nn.init.zeros_(ghost.weight)\n"
        "ghost.load_state_dict(ghost.state_dict())\n"
        "lazy = nn.LazyLinear(4)\n"
        "made = nn.Sequential(lazy, nn.BatchNorm1d(4))\n"
        "made.load_state_dict(made.state_dict())\n"
        "table = nn.Embedding(6, 3, sparse=True)\n"
        "torch.nn.init.normal_(table.weight)\n"
        "optimizer = torch.optim.SparseAdam(table.parameters())\n"
        "table(torch.tensor([1, 2])).sum().backward()\n"
        "optimizer.step()\n"
        f"net = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(6, 4)), nn.BatchNorm1d(4)){TRAIN}",
    )
