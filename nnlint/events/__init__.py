"""The verbs of training: what happens while a script trains, foretold by the interpreter or seen in a run.

One file for each family of rules that watch them; this is where they are imported from.
"""

from nnlint.events.base import Event
from nnlint.events.loop import OptimizerStepped
from nnlint.events.loss import LossComputed
from nnlint.events.mode import ModuleCalled
from nnlint.events.model import (
    ActivationsChained,
    ChildAssigned,
    LayerBuilt,
    LayerRan,
    LayerReused,
    LayersChained,
    ModulesKept,
    TensorKept,
    WeightsInitialized,
)
from nnlint.events.shape import Reshaped
from nnlint.events.tensor import GraphCut, OperationRan

__all__ = [
    "ActivationsChained",
    "ChildAssigned",
    "Event",
    "GraphCut",
    "LayerBuilt",
    "LayerRan",
    "LayerReused",
    "LayersChained",
    "LossComputed",
    "ModuleCalled",
    "ModulesKept",
    "OperationRan",
    "OptimizerStepped",
    "Reshaped",
    "TensorKept",
    "WeightsInitialized",
]
