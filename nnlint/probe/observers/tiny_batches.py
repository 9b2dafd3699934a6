"""Batch norms that run in training mode, and how many values of a channel they see."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from nnlint.events import BatchNormalized
from nnlint.probe.makers import first_tensor
from nnlint.probe.observers.base import Observer
from nnlint.probe.run import Pass, Run


class TinyBatches(Observer):
    """Counts the values; torch raises where there is one, and this is told before."""

    decides = ("NN510",)

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._told: set[tuple[int, bool]] = set()
        self._left_over: int | None = None  # items of a loader whose last batch, of one, is under way

    def batch_loaded(self, loader: torch.utils.data.DataLoader[Any], indices: object, batch: Any) -> None:
        self._left_over = None
        if isinstance(indices, list) and len(indices) == 1 and (loader.batch_size or 1) > 1:
            self._left_over = len(loader.dataset)  # type: ignore[arg-type]

    def entering(self, visit: Pass) -> None:
        norm, taken = visit.module, first_tensor(visit.args)
        if not isinstance(norm, nn.modules.batchnorm._BatchNorm) or not norm.training or taken is None:
            return
        if taken.dim() < 2 or not taken.numel():
            return
        values = taken.numel() // taken.shape[1]
        known, key = self.run.book.layer(norm), (id(norm), values == 1)
        if known is None or key in self._told:
            return
        self._told.add(key)
        items = self._left_over if values == 1 and taken.shape[0] == 1 else None
        event = BatchNormalized(place=known.made, layer=known, values=values, items=items, ran=self.run.places.here())
        self.run.saw(event, f"its input is {list(taken.shape)}: {values} value{'s' * (values > 1)} per channel")
