"""What a run shows of how pictures are normalized, where no fixture shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.probed import probed

pytestmark = pytest.mark.torch

NORMALIZED = """
from torchvision import transforms
normalize = transforms.Normalize([0.5] * 3, [0.25] * 3)
net = nn.Sequential(nn.Flatten(), nn.Linear(48, 3))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
pictures = {pictures}
for _ in range(3):
    optimizer.zero_grad()
    F.cross_entropy(net(normalize(pictures)), y[:8]).backward()
    optimizer.step()
"""


@pytest.fixture(autouse=True)
def torchvision() -> None:
    pytest.importorskip("torchvision")


def test_pictures_of_256_steps_are_seen(tmp_path: Path) -> None:
    run = probed(tmp_path, NORMALIZED.format(pictures="torch.randint(0, 256, (8, 3, 4, 4)).float()"))
    assert run.says("NN610", "Normalize(") == "confirmed"


def test_pictures_that_were_normalized_before_are_seen(tmp_path: Path) -> None:
    run = probed(tmp_path, NORMALIZED.format(pictures="normalize(torch.rand(8, 3, 4, 4))"))
    assert run.says("NN610", "Normalize(") == "confirmed"


def test_pictures_from_0_to_1_refute(tmp_path: Path) -> None:
    run = probed(tmp_path, NORMALIZED.format(pictures="torch.rand(8, 3, 4, 4)"))
    assert run.says("NN610", "Normalize(") == "refuted"


def test_no_pictures_do_no_harm(tmp_path: Path) -> None:
    run = probed(
        tmp_path, "from torchvision import transforms\ntransforms.Normalize([0.5], [0.5])(torch.rand(0, 1, 4, 4))\n"
    )
    assert "NN610" not in run.standing
