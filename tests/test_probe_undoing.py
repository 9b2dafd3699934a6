"""Code that was watched leaves torch as it found it."""

from __future__ import annotations

import sys
from typing import Any

import pytest

pytestmark = pytest.mark.torch


def test_all_that_torch_has_is_the_same_before_and_after() -> None:
    from nnlint import probe

    train()  # imports what torch imports late
    before = everything()
    with probe.watch():
        assert changed(before, everything())  # else nothing was watched
        train()
    assert changed(before, everything()) == []


def test_it_is_so_after_an_error_too() -> None:
    from nnlint import probe

    before = everything()
    with pytest.raises(ZeroDivisionError), probe.watch():
        train(1 // 0)
    assert changed(before, everything()) == []


def test_datasets_are_made_as_before() -> None:
    from torch.utils.data import Dataset

    from nnlint import probe

    class Bare(Dataset[int]):
        pass

    class OfItsOwn(Dataset[int]):
        def __init__(self, size: int) -> None:
            self.size = size

    class ByNew(Dataset[int]):
        def __new__(cls, size: int) -> Any:
            return super().__new__(cls)

    class Sized:
        def __init__(self, size: int) -> None:
            self.size = size

    class Mixed(Dataset[int], Sized):
        pass

    def make() -> None:
        assert Bare()
        assert OfItsOwn(3).size == Mixed(3).size == 3
        assert isinstance(ByNew(3), ByNew)
        with pytest.raises(TypeError):
            Bare(3)  # type: ignore[call-arg]

    make()
    with probe.watch():
        make()
    make()


def train(size: int = 8) -> None:
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    for inputs, labels in DataLoader(TensorDataset(torch.randn(size, 4), torch.zeros(size).long()), 4):
        optimizer.zero_grad()
        torch.nn.CrossEntropyLoss()(model(inputs), labels).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    scheduler.step()


def everything() -> dict[tuple[str, str], Any]:
    """What torch's modules, and the classes in them, have: functions and the like."""
    found: dict[tuple[str, str], Any] = {}
    owners = [module for name, module in list(sys.modules.items()) if name.partition(".")[0] == "torch"]
    for owner in owners:
        for name, value in list(getattr(owner, "__dict__", {}).items()):
            found[repr(owner), name] = value
            if issubclass(type(value), type) and value.__module__.startswith("torch"):
                found |= {(f"{value.__module__}.{value.__qualname__}", key): each for key, each in vars(value).items()}
    return {key: value for key, value in found.items() if callable(value) or type(value) in (classmethod, property)}


def changed(before: dict[tuple[str, str], Any], after: dict[tuple[str, str], Any]) -> list[tuple[str, str]]:
    classes = {owner for owner, _ in before}
    return [
        key
        for key in before.keys() | after.keys()
        if key[0] in classes and before.get(key) is not after.get(key) and not key[1].startswith("_abc_")
    ]
