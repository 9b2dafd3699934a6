"""Data loaders: in which order they give their items; datasets whose items differ from read to read."""

from __future__ import annotations

import contextlib
import random
import re
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch.utils.data import IterableDataset, RandomSampler, SequentialSampler, Subset

from nnlint.events import DataEvaluated, LoaderMade
from nnlint.probe.observers.base import Observer
from nnlint.probe.run import Run
from nnlint.source import Place
from nnlint.values import Role, Split

_HELD_OUT = re.compile(r"val|test|eval|dev|holdout|held", re.IGNORECASE)


class Loaders(Observer):
    """Follows each loader through its passes: whether a network is trained with it, and with which items."""

    decides = ("NN601", "NN607")

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._known: dict[int, _Loader] = {}
        self._places: weakref.WeakKeyDictionary[Any, Place] = weakref.WeakKeyDictionary()

    def dataset_made(self, dataset: Any) -> None:
        place = self.run.places.here()
        if place is not None:
            with contextlib.suppress(TypeError):  # one that can not be referred to weakly
                self._places.setdefault(dataset, place)

    def loader_made(self, loader: Any) -> None:
        place = self.run.book.place(loader)
        if place is not None:
            self._known[id(loader)] = _Loader(weakref.ref(loader), self.run.book.called(loader), place)

    def loader_starts(self, loader: Any) -> None:
        known = self._of(loader)
        if known is not None:
            known.before = self.run.step
            known.first = []

    def batch_loaded(self, loader: Any, indices: object, batch: Any) -> None:
        known = self._of(loader)
        if known is None:
            return
        if isinstance(indices, (list, tuple)) and len(known.first) < 64:
            known.first += [each for each in indices if isinstance(each, int)]
        known.grad_enabled = torch.is_grad_enabled()

    def stepped(self, optimizer: torch.optim.Optimizer) -> None:
        for known in self._known.values():
            if known.first and known.trained is None and known.before is not None:
                known.trained = self.run.places.here()

    def loader_ends(self, loader: Any) -> None:
        known = self._of(loader)
        if known is None:
            return
        if self.run.step == known.before:
            self._evaluated(known, loader)
        known.before = None

    def ended(self) -> None:
        for known in self._known.values():
            if known.trained is None:
                continue
            ordered = known.first == list(range(len(known.first))) and len(known.first) > 1
            event = LoaderMade(
                place=known.place,
                loader=known.called,
                shuffles=known.shuffles if not ordered else False,
                indexed=known.indexed,
                trains=True,
                trained=known.trained,
                carries_state=False,
                role=Role.EVALUATION if _HELD_OUT.search(known.called) else Role.UNKNOWN,
            )
            told = f"a network is trained with items {', '.join(map(str, known.first[:6]))}…"
            self.run.saw(event, told, alone=False)

    def _of(self, loader: Any) -> _Loader | None:
        """What is known of a loader that the user's code made."""
        known = self._known.get(id(loader))
        if known is None or known.reference() is not loader:
            return None
        sampler = getattr(loader, "sampler", None)
        known.shuffles = {SequentialSampler: False, RandomSampler: True}.get(type(sampler))
        known.indexed = not isinstance(getattr(loader, "dataset", None), IterableDataset)
        return known

    def _evaluated(self, known: _Loader, loader: Any) -> None:
        """An item is read twice, and the random states are put back."""
        dataset = loader.dataset
        try:
            place = self._places.get(dataset)
        except TypeError:
            return
        if place is None or not known.first or known.read:
            return
        known.read = True
        with _kept_random_states():
            try:
                first, second = (_flat(dataset[known.first[0]]) for _ in range(2))
            except Exception:  # whatever the user's dataset raises: nothing is known then
                return
        differs = any(not _equal(a, b) for a, b in zip(first, second, strict=False))
        event = DataEvaluated(
            place=place,
            data=self.run.book.called(loader),
            role=Role.EVALUATION,
            split=Split.UNKNOWN,
            random_transforms=(_random_transform(dataset),) if differs else (),
        )
        told = f"item {known.first[0]} differs between two reads" if differs else "an item is the same when read twice"
        self.run.saw(event, told, alone=False)


@dataclass(slots=True)
class _Loader:
    reference: weakref.ref[Any]
    called: str
    place: Place
    shuffles: bool | None = None
    indexed: bool = True
    first: list[int] = field(default_factory=list)  # the items of its latest pass, in order
    before: int | None = None  # steps that were taken when that began
    trained: Place | None = None
    grad_enabled: bool = True
    read: bool = False


def _flat(item: Any) -> list[Any]:
    if isinstance(item, dict):
        return list(item.values())
    return list(item) if isinstance(item, (tuple, list)) else [item]


def _equal(first: Any, second: Any) -> bool:
    if isinstance(first, torch.Tensor) and isinstance(second, torch.Tensor):
        return first.shape == second.shape and bool(torch.equal(first, second))
    if isinstance(first, np.ndarray) and isinstance(second, np.ndarray):
        return bool(np.array_equal(first, second))
    return True


def _random_transform(dataset: Any) -> str:
    """The name of the transform that draws, as far as it can be seen."""
    while isinstance(dataset, Subset):
        dataset = dataset.dataset
    transforms = getattr(getattr(dataset, "transform", None), "transforms", None) or []
    return next((type(each).__name__ for each in transforms if "Random" in type(each).__name__), "a random transform")


@contextmanager
def _kept_random_states() -> Iterator[None]:
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
