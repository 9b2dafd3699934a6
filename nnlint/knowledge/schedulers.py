"""Learning-rate schedulers of torch: their parameters, and which numbers can only count epochs."""

from __future__ import annotations

SCHEDULERS = frozenset(
    [
        "StepLR",
        "MultiStepLR",
        "ExponentialLR",
        "CosineAnnealingLR",
        "CosineAnnealingWarmRestarts",
        "ReduceLROnPlateau",
        "LambdaLR",
        "CyclicLR",
        "OneCycleLR",
        "LinearLR",
        "ConstantLR",
        "PolynomialLR",
        "SequentialLR",
        "ChainedScheduler",
        "MultiplicativeLR",
        "LRScheduler",
        "_LRScheduler",
    ]
)

PARAMETERS = {
    "StepLR": ("step_size", "gamma"),
    "MultiStepLR": ("milestones", "gamma"),
    "ExponentialLR": ("gamma",),
    "CosineAnnealingLR": ("T_max", "eta_min"),
    "OneCycleLR": ("max_lr", "total_steps", "epochs", "steps_per_epoch"),
}
"""Behind the optimizer, in order."""

EPOCHS_AT_MOST = {"StepLR": ("step_size", 50), "MultiStepLR": ("milestones", 500), "ExponentialLR": ("gamma", 0.99)}
"""A parameter and the largest value of it that is plausible only when the scheduler is stepped once an epoch: a rate that
falls every 50 batches, or by a hundredth each batch, is at its end within minutes."""
