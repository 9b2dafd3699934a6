"""nnlint finds the bugs of neural-network training that raise no exception.

This is the face for those who write rules: the base class, the events that rules watch, the values that events carry.
"""

from nnlint.events import (
    AttributeSet,
    BackwardRan,
    Broadcasted,
    DropoutRan,
    Event,
    GradientsCleared,
    GradientsClipped,
    GraphCut,
    GraphKept,
    GraphRetained,
    LayerBuilt,
    LayerRan,
    LossComputed,
    LossConstructed,
    ModuleCalled,
    OperationRan,
    OptimizerBuilt,
    OptimizerStepped,
    ParametersFrozen,
    Reshaped,
    ResultDiscarded,
    SchedulerMade,
    SchedulerStepped,
    Thresholded,
)
from nnlint.finding import Confidence, Edit, Finding, Fix, Safety, Severity, Step, Verdict
from nnlint.rule import Rule
from nnlint.source import Place, Span
from nnlint.values import Cadence, Form, Gradients, Layer, Loss, Role, Scale, TensorFacts, TorchVersion

__version__ = "0.1.0"

__all__ = [
    "AttributeSet",
    "BackwardRan",
    "Broadcasted",
    "Cadence",
    "Confidence",
    "DropoutRan",
    "Edit",
    "Event",
    "Finding",
    "Fix",
    "Form",
    "Gradients",
    "GradientsCleared",
    "GradientsClipped",
    "GraphCut",
    "GraphKept",
    "GraphRetained",
    "Layer",
    "LayerBuilt",
    "LayerRan",
    "Loss",
    "LossComputed",
    "LossConstructed",
    "ModuleCalled",
    "OperationRan",
    "OptimizerBuilt",
    "OptimizerStepped",
    "ParametersFrozen",
    "Place",
    "Reshaped",
    "ResultDiscarded",
    "Role",
    "Rule",
    "Safety",
    "Scale",
    "SchedulerMade",
    "SchedulerStepped",
    "Severity",
    "Span",
    "Step",
    "TensorFacts",
    "Thresholded",
    "TorchVersion",
    "Verdict",
]
