"""The verbs of training: what happens while a script trains, foretold by the interpreter or seen in a run.

One file for each family of rules that watch them; this is where they are imported from.
"""

from nnlint.events.base import Event
from nnlint.events.data import (
    DataEvaluated,
    HyperparameterGiven,
    InputsNormalized,
    LoaderMade,
    RecurrentNetTrained,
    ScoreDecided,
)
from nnlint.events.loop import OptimizerStepped, SchedulerMade, SchedulerStepped
from nnlint.events.loss import Broadcasted, LossComputed, LossConstructed, Thresholded
from nnlint.events.mode import ModuleCalled
from nnlint.events.model import LayerRan
from nnlint.events.shape import Reshaped
from nnlint.events.tensor import GraphCut, OperationRan

__all__ = [
    "Broadcasted",
    "DataEvaluated",
    "Event",
    "GraphCut",
    "HyperparameterGiven",
    "InputsNormalized",
    "LayerRan",
    "LoaderMade",
    "LossComputed",
    "LossConstructed",
    "ModuleCalled",
    "OperationRan",
    "OptimizerStepped",
    "RecurrentNetTrained",
    "Reshaped",
    "SchedulerMade",
    "SchedulerStepped",
    "ScoreDecided",
    "Thresholded",
]
