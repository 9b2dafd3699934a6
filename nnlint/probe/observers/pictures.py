"""Images are normalized: on which scale they come, how often, and in evaluation as in training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from nnlint.events import InputsNormalized
from nnlint.probe.observers.base import Observer
from nnlint.probe.recipe.capture import tensors
from nnlint.probe.run import Pass, Run

BEYOND = 2.0
"""Values above this are not in [0, 1], whatever a resize adds at edges: they are on the scale of [0, 255]."""
MOST_LOOKS = 1000
"""Images of which the values are looked at, for each `Normalize`."""
BELOW = -0.05
"""Values below this have been normalized before: no image has negative ones, and a resize adds less."""


class Pictures(Observer):
    """Looks at what each `Normalize` is given."""

    decides = ("NN610",)

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._known: dict[int, _Normalizer] = {}

    def left(self, visit: Pass) -> None:
        self.transformed(visit.module, visit.args, visit.kwargs)

    def transformed(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if type(module).__name__ != "Normalize" or not type(module).__module__.startswith("torchvision."):
            return
        known = self._known.setdefault(id(module), _Normalizer(module))
        known.fresh = True
        known.looks += 1
        if known.looks > MOST_LOOKS:
            return
        given = next((each for each in tensors((args, kwargs)) if each.is_floating_point()), None)
        if given is None or not given.numel():
            return
        known.low, known.high = min(known.low, float(given.min())), max(known.high, float(given.max()))

    def loader_starts(self, loader: Any) -> None:
        for known in self._known.values():
            known.fresh = False

    def stepped(self, optimizer: torch.optim.Optimizer) -> None:
        for known in self._known.values():
            known.trains = known.trains or known.fresh
            known.fresh = False

    def ended(self) -> None:
        trained = [known for known in self._known.values() if known.trains]
        for known in self._known.values():
            place = self.run.book.place(known.module)
            mean, std = _numbers(known.module, "mean"), _numbers(known.module, "std")
            if place is None:
                continue
            other = next((each for each in trained if not known.trains and each.constants != known.constants), None)
            event = InputsNormalized(
                place=place,
                mean=mean,
                std=std,
                times=2 if known.low < BELOW else 1,
                scaled=known.high <= BEYOND or known.low < BELOW,
                scaled_later=known.high > BEYOND and known.low >= BELOW and mean is not None and max(mean) <= 1,
                trained_with=f"mean {_numbers(other.module, 'mean')}" if other is not None else "",
                trained_place=self.run.book.place(other.module) if other is not None else None,
            )
            self.run.saw(event, f"it is given values from {known.low:.3g} to {known.high:.3g}", alone=False)


@dataclass(slots=True)
class _Normalizer:
    module: nn.Module
    low: float = float("inf")
    high: float = float("-inf")
    trains: bool = False
    looks: int = 0
    fresh: bool = False  # it ran since the last step

    @property
    def constants(self) -> tuple[Any, ...]:
        return _numbers(self.module, "mean"), _numbers(self.module, "std")


def _numbers(module: nn.Module, name: str) -> tuple[float, ...] | None:
    value: Any = getattr(module, name, None)
    try:
        return tuple(float(each) for each in value)
    except TypeError:
        return None
