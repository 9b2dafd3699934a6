"""What stands in for what is missing, where it is asked for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nnlint.probe import session
from nnlint.probe.limits import Limits, Request
from nnlint.probe.substitutes.arriving import when_imported

pytestmark = pytest.mark.torch

SCRIPT = """
import torch, torchvision
from torch.utils.data import DataLoader
from torchvision import datasets, models, transforms

sizes = {}
for kind, options in ((datasets.MNIST, {"train": True}), (datasets.FashionMNIST, {"train": False}),
                      (datasets.CIFAR100, {"train": True}), (datasets.SVHN, {"split": "test"})):
    data = kind("nowhere", download=True, transform=transforms.ToTensor(), **options)
    picture, label = data[0]
    assert isinstance(data, kind)
    sizes[kind.__name__] = len(data), tuple(picture.shape), len(set(int(data[n][1]) for n in range(300)))
print(sizes)
folder = datasets.ImageFolder("nowhere", transforms.ToTensor())
print(len(folder.classes), len(folder))
net = models.resnet18(weights=models.ResNet18_Weights.DEFAULT).cuda()
x = torch.randn(2, 3, 64, 64, device="cuda")
print(net(x.to("cuda:0")).shape, torch.zeros(3).cuda().device)
"""


def test_data_weights_and_devices_are_substituted_and_told(tmp_path: Path) -> None:
    heard = probed(tmp_path, SCRIPT, fake_data=True)
    assert heard.how == "finished", heard.error + heard.output
    assert "'MNIST': (60000, (1, 28, 28), 10)" in heard.output
    assert "'FashionMNIST': (10000, (1, 28, 28), 10)" in heard.output
    assert "'CIFAR100': (50000, (3, 32, 32)" in heard.output
    assert "'SVHN': (26032, (3, 32, 32), 10)" in heard.output
    assert "torch.Size([2, 1000]) cpu" in heard.output
    told = {note["what"] for note in heard.notes if "substituted" in note["kind"]}
    assert {"torchvision.datasets.MNIST", "cuda"} <= told
    assert any("weights" in what for what in told)
    assert heard.has_random_data


def test_nothing_is_substituted_unasked(tmp_path: Path) -> None:
    heard = probed(tmp_path, SCRIPT, fake_data=False)
    assert heard.how == "crashed"
    assert not [note for note in heard.notes if "substituted" in note["kind"]]


def test_a_module_is_seen_to_when_it_arrives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "some_library.py").write_text("value = 1\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    when_imported("some_library", lambda module: setattr(module, "value", 2))
    import some_library  # type: ignore[import-not-found]

    assert some_library.value == 2


def probed(folder: Path, script: str, fake_data: bool) -> session.Testimony:
    (folder / "train.py").write_text(script, encoding="utf-8")
    limits = Limits(fake_data=fake_data, time_limit=90)
    return session.run(Request("train.py", folder=str(folder), root=str(folder), limits=limits))
