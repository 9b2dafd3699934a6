"""What networks are made of, as it shows when they run."""

from __future__ import annotations

from dataclasses import dataclass

from nnlint.events.base import Event
from nnlint.values import Layer


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRan(Event):
    """A normalization ran. `fed_by` is the layer with a bias whose output, used for nothing else, it normalized."""

    layer: Layer
    fed_by: Layer | None
