"""The verbs of training: what happens while a script trains, foretold by the interpreter or seen in a run.

One file for each family of rules that watch them; this is where they are imported from.
"""

from nnlint.events.base import Event
from nnlint.events.loop import (
    AttributeSet,
    BackwardRan,
    GradientsCleared,
    GradientsClipped,
    GraphKept,
    GraphRetained,
    OptimizerBuilt,
    OptimizerStepped,
    ParametersFrozen,
)
from nnlint.events.loss import LossComputed
from nnlint.events.mode import ModuleCalled
from nnlint.events.model import LayerRan
from nnlint.events.shape import Reshaped
from nnlint.events.tensor import GraphCut, OperationRan

__all__ = [
    "AttributeSet",
    "BackwardRan",
    "Event",
    "GradientsCleared",
    "GradientsClipped",
    "GraphCut",
    "GraphKept",
    "GraphRetained",
    "LayerRan",
    "LossComputed",
    "ModuleCalled",
    "OperationRan",
    "OptimizerBuilt",
    "OptimizerStepped",
    "ParametersFrozen",
    "Reshaped",
]
