"""nnlint finds the bugs of neural-network training that raise no exception.

This is the face for those who write rules: the base class, the events that rules watch, the values that events carry.
"""

from nnlint.events import (
    DropoutRan,
    Event,
    FrozenNormUpdated,
    GraphCut,
    LayerBuilt,
    LayerRan,
    LossComputed,
    ModeMissed,
    ModuleCalled,
    OperationRan,
    OptimizerStepped,
    Reshaped,
    UngradedPass,
)
from nnlint.finding import Confidence, Edit, Finding, Fix, Safety, Severity, Step, Verdict
from nnlint.rule import Rule
from nnlint.source import Place, Span
from nnlint.values import Gradients, Lapse, Layer, Loss, ModeMiss, Role, Scale, TensorFacts

__version__ = "0.1.0"

__all__ = [
    "Confidence",
    "DropoutRan",
    "Edit",
    "Event",
    "Finding",
    "Fix",
    "FrozenNormUpdated",
    "Gradients",
    "GraphCut",
    "Lapse",
    "Layer",
    "LayerBuilt",
    "LayerRan",
    "Loss",
    "LossComputed",
    "ModeMiss",
    "ModeMissed",
    "ModuleCalled",
    "OperationRan",
    "OptimizerStepped",
    "Place",
    "Reshaped",
    "Role",
    "Rule",
    "Safety",
    "Scale",
    "Severity",
    "Span",
    "Step",
    "TensorFacts",
    "UngradedPass",
    "Verdict",
]
