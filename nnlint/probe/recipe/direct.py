"""The checks of the recipe on a model and a batch that are at hand."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch

from nnlint.probe.hooks import Hooks
from nnlint.probe.limits import Request
from nnlint.probe.recipe.capture import Capture
from nnlint.probe.recipe.checks import run_checks
from nnlint.probe.recipe.result import Check
from nnlint.probe.recipe.statistics import Statistics
from nnlint.probe.run import Run

STEPS = 4


def check_model(
    model: torch.nn.Module, batch: tuple[Any, ...], loss: Callable[..., torch.Tensor], seconds: float
) -> list[Check]:
    """Take a few training steps with a copy of the model, and judge them.

    The last of `batch` is the target; what stands before it goes into the model.
    """
    *inputs, target = batch
    trained = copy.deepcopy(model)
    run = Run(Request(""), lambda line: None)
    capture, numbers = Capture(run), Statistics(run)
    hooks = Hooks(run, [capture, numbers])
    hooks.install(lambda: None)
    state = torch.get_rng_state()
    try:
        with hooks.mode, torch.enable_grad():
            optimizer = torch.optim.Adam(trained.parameters(), lr=1e-3)
            trained.train()
            for _ in range(STEPS):
                optimizer.zero_grad()
                value = loss(trained(*inputs), target)
                torch.autograd.backward(value)
                optimizer.step()
    finally:
        hooks.remove()
    try:
        return list(run_checks(capture, numbers, seconds))
    finally:
        torch.set_rng_state(state)
