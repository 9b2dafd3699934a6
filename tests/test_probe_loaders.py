"""What a run shows of data loaders, where no fixture shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.probed import probed

pytestmark = pytest.mark.torch

LOOP = """
optimizer.zero_grad()
for inputs, labels in loader:
    optimizer.zero_grad()
    F.cross_entropy(net(inputs), labels).backward()
    optimizer.step()
"""
DATA = """
class Data(torch.utils.data.Dataset):
    def __len__(self):
        return 8
    def __getitem__(self, index):
        return x[index]{noise}, y[index]
held_out = Data()
net.eval()
for inputs, labels in DataLoader(held_out, batch_size=4):
    print(net(inputs).argmax(1).eq(labels).sum())
"""


def test_items_in_their_order_are_seen(tmp_path: Path) -> None:
    run = probed(
        tmp_path, "train = DataLoader(TensorDataset(x, y), 16, shuffle=False)\n" + LOOP.replace("loader", "train")
    )
    assert run.says("NN601", "train = ") == "confirmed"


def test_another_order_refutes(tmp_path: Path) -> None:
    run = probed(
        tmp_path, "train = DataLoader(TensorDataset(x, y), 16, shuffle=True)\n" + LOOP.replace("loader", "train")
    )
    assert run.says("NN601", "train = ") == "refuted"


def test_items_that_differ_from_read_to_read_are_seen_in_a_dataset_without_constructor(tmp_path: Path) -> None:
    run = probed(tmp_path, DATA.format(noise=" + torch.randn(6)"))
    assert run.says("NN607", "held_out = ") == "confirmed"


def test_items_that_are_the_same_refute(tmp_path: Path) -> None:
    assert probed(tmp_path, DATA.format(noise="")).says("NN607", "held_out = ") == "refuted"


def test_a_dataset_that_raises_at_the_second_read_does_no_harm(tmp_path: Path) -> None:
    once = DATA.format(noise="").replace(
        "        return x[index]", "        x[index], reads.pop()\n        return x[index]"
    )
    assert not probed(tmp_path, "reads = list(range(8))\n" + once).standing & {"NN607"}
