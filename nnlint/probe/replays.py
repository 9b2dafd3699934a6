"""Networks run again, on copies and in evaluation mode, to see what their outputs depend on."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch

from nnlint.probe.run import Run

MOST_PARAMETERS = 20_000_000
"""Of a network that is copied: 80 MB of them, a copy takes less than a tenth of a second."""


def replay(
    run: Run,
    network: torch.nn.Module,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    prepared: Callable[[torch.nn.Module], None] = lambda network: None,
) -> Any:
    """What a copy of a network returns for these arguments; None where it can not be copied or does not take them."""
    if sum(each.numel() for each in network.parameters()) > MOST_PARAMETERS:
        return None
    with run.quietly(), torch.no_grad():
        try:
            twin = copy.deepcopy(network).eval()
            prepared(twin)
            return twin(*args, **kwargs)
        except Exception:  # the user's own code, on what it was not written for
            return None


def mapped(value: Any, function: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """The same arguments with each tensor replaced, those in lists and dictionaries too."""
    match value:
        case torch.Tensor():
            return function(value)
        case dict():
            return {key: mapped(each, function) for key, each in value.items()}
        case tuple() if type(value) is tuple:
            return tuple(mapped(each, function) for each in value)
        case list():
            return [mapped(each, function) for each in value]
    return value
