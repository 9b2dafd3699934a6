"""nnlint finds the bugs of neural-network training that raise no exception.

This is the face for those who write rules: the base class, the events that rules watch, the values that events carry.
"""

from nnlint.events import (
    Broadcasted,
    DataEvaluated,
    Event,
    GraphCut,
    HyperparameterGiven,
    InputsNormalized,
    LayerRan,
    LoaderMade,
    LossComputed,
    LossConstructed,
    ModuleCalled,
    OperationRan,
    OptimizerStepped,
    RecurrentNetTrained,
    Reshaped,
    SchedulerMade,
    SchedulerStepped,
    ScoreDecided,
    Thresholded,
)
from nnlint.finding import Confidence, Edit, Finding, Fix, Safety, Severity, Step, Verdict
from nnlint.rule import Rule
from nnlint.source import Place, Span
from nnlint.values import Cadence, Form, Gradients, Layer, Loss, Outcome, Role, Scale, Split, TensorFacts, TorchVersion

__version__ = "0.1.0"

__all__ = [
    "Broadcasted",
    "Cadence",
    "Confidence",
    "DataEvaluated",
    "Edit",
    "Event",
    "Finding",
    "Fix",
    "Form",
    "Gradients",
    "GraphCut",
    "HyperparameterGiven",
    "InputsNormalized",
    "Layer",
    "LayerRan",
    "LoaderMade",
    "Loss",
    "LossComputed",
    "LossConstructed",
    "ModuleCalled",
    "OperationRan",
    "OptimizerStepped",
    "Outcome",
    "Place",
    "RecurrentNetTrained",
    "Reshaped",
    "Role",
    "Rule",
    "Safety",
    "Scale",
    "SchedulerMade",
    "SchedulerStepped",
    "ScoreDecided",
    "Severity",
    "Span",
    "Split",
    "Step",
    "TensorFacts",
    "Thresholded",
    "TorchVersion",
    "Verdict",
]
