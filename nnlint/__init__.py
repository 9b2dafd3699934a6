"""nnlint finds the bugs of neural-network training that raise no exception.

This is the face for those who write rules: the base class, the events that rules watch, the values that events carry.
"""

from nnlint.events import (
    ActivationsChained,
    ChildAssigned,
    Event,
    GraphCut,
    LayerBuilt,
    LayerRan,
    LayerReused,
    LayersChained,
    LossComputed,
    ModuleCalled,
    ModulesKept,
    OperationRan,
    OptimizerStepped,
    Reshaped,
    TensorKept,
    WeightsInitialized,
)
from nnlint.finding import Confidence, Edit, Finding, Fix, Safety, Severity, Step, Verdict
from nnlint.rule import Rule
from nnlint.source import Place, Span
from nnlint.values import Gradients, Layer, Loss, Role, Scale, TensorFacts

__version__ = "0.1.0"

__all__ = [
    "ActivationsChained",
    "ChildAssigned",
    "Confidence",
    "Edit",
    "Event",
    "Finding",
    "Fix",
    "Gradients",
    "GraphCut",
    "Layer",
    "LayerBuilt",
    "LayerRan",
    "LayerReused",
    "LayersChained",
    "Loss",
    "LossComputed",
    "ModuleCalled",
    "ModulesKept",
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
    "TensorKept",
    "Verdict",
    "WeightsInitialized",
]
