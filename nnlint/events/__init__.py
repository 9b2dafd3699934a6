"""The verbs of training: what happens while a script trains, foretold by the interpreter or seen in a run.

One file for each family of rules that watch them; this is where they are imported from.
"""

from nnlint.events.base import Event
from nnlint.events.data import (
    DataEvaluated,
    HyperparameterGiven,
    ImageMoved,
    InputsNormalized,
    LoaderMade,
    RecurrentNetTrained,
    ScoreDecided,
)
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
    SchedulerMade,
    SchedulerStepped,
)
from nnlint.events.loss import Broadcasted, LossComputed, LossConstructed, Thresholded
from nnlint.events.mode import DropoutRan, FrozenNormUpdated, LayerBuilt, ModeMissed, ModuleCalled, UngradedPass
from nnlint.events.model import (
    BatchNormalized,
    ChildAssigned,
    ForwardCalled,
    LayerAssigned,
    LayerRan,
    LayerReused,
    ModulesKept,
    OutputCompared,
    TensorKept,
    WeightsFilled,
    WeightsInitialized,
)
from nnlint.events.shape import MaskUsed, PatternApplied, Reshaped, SamplesReduced, SequenceRead, TokensScored
from nnlint.events.tensor import GraphCut, OperationRan, ResultDiscarded, WrittenInPlace

__all__ = [
    "AttributeSet",
    "BackwardRan",
    "BatchNormalized",
    "Broadcasted",
    "ChildAssigned",
    "DataEvaluated",
    "DropoutRan",
    "Event",
    "ForwardCalled",
    "FrozenNormUpdated",
    "GradientsCleared",
    "GradientsClipped",
    "GraphCut",
    "GraphKept",
    "GraphRetained",
    "HyperparameterGiven",
    "ImageMoved",
    "InputsNormalized",
    "LayerAssigned",
    "LayerBuilt",
    "LayerRan",
    "LayerReused",
    "LoaderMade",
    "LossComputed",
    "LossConstructed",
    "MaskUsed",
    "ModeMissed",
    "ModuleCalled",
    "ModulesKept",
    "OperationRan",
    "OptimizerBuilt",
    "OptimizerStepped",
    "OutputCompared",
    "ParametersFrozen",
    "PatternApplied",
    "RecurrentNetTrained",
    "Reshaped",
    "ResultDiscarded",
    "SamplesReduced",
    "SchedulerMade",
    "SchedulerStepped",
    "ScoreDecided",
    "SequenceRead",
    "TensorKept",
    "Thresholded",
    "TokensScored",
    "UngradedPass",
    "WeightsFilled",
    "WeightsInitialized",
    "WrittenInPlace",
]
