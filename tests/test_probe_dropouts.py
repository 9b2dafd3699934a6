"""What a run shows of dropout that never ends and of layers that are built anew, where no fixture shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.probed import probed

pytestmark = pytest.mark.torch

NETWORK = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Linear(6, 16), nn.Linear(16, 3)
    def forward(self, x):
        x = self.body(x)
        {line}
        return self.head(x)
net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(3):
    optimizer.zero_grad()
    F.cross_entropy(net(x), y).backward()
    optimizer.step()
net.eval()
with torch.no_grad():
    print(net(x).argmax(1).eq(y).sum())
"""


def test_a_dropout_that_drops_in_evaluation_mode_is_seen(tmp_path: Path) -> None:
    run = probed(tmp_path, NETWORK.format(line="x = F.dropout(x, 0.5)"))
    assert run.says("NN306", "F.dropout") == "confirmed"


def test_one_that_asks_for_the_mode_refutes(tmp_path: Path) -> None:
    run = probed(tmp_path, NETWORK.format(line="x = F.dropout(x, 0.5, training=self.training)"))
    assert run.says("NN306", "F.dropout") == "refuted"


def test_a_layer_that_is_built_in_each_pass_is_seen(tmp_path: Path) -> None:
    run = probed(tmp_path, NETWORK.format(line="x = nn.Linear(16, 16)(x)"))
    assert run.says("NN308", "nn.Linear(16, 16)") == "confirmed"


def test_one_without_parameters_is_no_finding(tmp_path: Path) -> None:
    assert "NN308" not in probed(tmp_path, NETWORK.format(line="x = nn.ReLU()(x)")).standing
