"""nnlint finds the bugs of neural-network training that raise no exception.

This is the face for those who write rules: the base class, the events that rules watch, the values that events carry.
"""

from nnlint.events import (
    Event,
    GraphCut,
    LayerRan,
    LossComputed,
    ModuleCalled,
    OperationRan,
    OptimizerStepped,
    Reshaped,
    SequenceRead,
)
from nnlint.finding import Confidence, Edit, Finding, Fix, Safety, Severity, Step, Verdict
from nnlint.rule import Rule
from nnlint.source import Place, Span
from nnlint.values import Gradients, Layer, Loss, Role, Scale, TensorFacts, TorchVersion

__version__ = "0.1.0"

__all__ = [
    "Confidence",
    "Edit",
    "Event",
    "Finding",
    "Fix",
    "Gradients",
    "GraphCut",
    "Layer",
    "LayerRan",
    "Loss",
    "LossComputed",
    "ModuleCalled",
    "OperationRan",
    "OptimizerStepped",
    "Place",
    "Reshaped",
    "Role",
    "Rule",
    "Safety",
    "Scale",
    "SequenceRead",
    "Severity",
    "Span",
    "Step",
    "TensorFacts",
    "TorchVersion",
    "Verdict",
]
