"""What goes into the network just before its first layer: the recipe's "visualize just before the net"."""

from __future__ import annotations

import math
from typing import Any

import torch

from nnlint.probe.recipe.capture import Scene, tensors
from nnlint.probe.recipe.result import FAILED, PASSED, UNDECIDED, Check
from nnlint.probe.recipe.statistics import Statistics

NAME = "what goes into the network"
LARGE = 30.0
"""A standard deviation or mean beyond this is of raw pixels (0 to 255) or of measurements that nobody scaled."""
PICTURES, SIDE = 8, 96


def input_check(scene: Scene, numbers: Statistics) -> Check:
    """Range, mean and type of the first input, with samples and the labels beside them."""
    entry = next(each for each in scene.tape if each.is_network)
    given = [each for each in tensors((entry.args, entry.kwargs)) if each.numel()]
    if not given:
        return Check(NAME, UNDECIDED, "the network takes no tensor")
    first = given[0]
    shape = " x ".join(map(str, first.shape))
    kind = str(first.dtype).removeprefix("torch.")
    labels = _labels(scene)
    plot: dict[str, Any] = {"shape": list(first.shape), "dtype": kind, "labels": labels}
    if not first.is_floating_point():
        plot["rows"] = first.reshape(len(first), -1)[:PICTURES, :64].tolist() if first.dim() else [first.tolist()]
        told = f"{shape} of {kind}, from {int(first.min())} to {int(first.max())}"
        return Check(NAME, PASSED, told, {"least": float(first.min()), "most": float(first.max())}, plot=plot)
    values = first.float()
    measured = {
        "least": float(values.min()),
        "most": float(values.max()),
        "mean": float(values.mean()),
        "std": float(values.std()) if values.numel() > 1 else 0.0,
    }
    told = (
        f"{shape} of {kind}, from {measured['least']:.3g} to {measured['most']:.3g}, "
        f"mean {measured['mean']:.3g}, standard deviation {measured['std']:.3g}"
    )
    plot |= _shown(values)
    if not all(map(math.isfinite, measured.values())):
        return Check(NAME, FAILED, f"{told}: not every number is finite", measured, "clean the data", plot)
    if measured["std"] == 0 and values.numel() > 8:
        return Check(NAME, FAILED, f"{told}: every number is the same", measured, "see how the data are read", plot)
    if abs(measured["mean"]) > LARGE or measured["std"] > LARGE:
        return Check(
            NAME, FAILED, f"{told}: it is not scaled", measured, "scale inputs to about mean 0, deviation 1", plot
        )
    return Check(NAME, PASSED, told, measured, plot=plot)


def _labels(scene: Scene) -> list[Any]:
    for call in scene.losses:
        if isinstance(call.target, torch.Tensor) and call.target.dim() <= 1:
            return list(call.target.flatten()[:PICTURES].tolist())
    return []


def _shown(values: torch.Tensor) -> dict[str, Any]:
    """Pictures, as bytes of grey or colour, or else the first numbers of some samples."""
    if values.dim() == 4 and values.shape[1] in (1, 3) and min(values.shape[2:]) >= 6:
        some = values[:PICTURES]
        stride = max(1, math.ceil(max(some.shape[2:]) / SIDE))
        some = some[:, :, ::stride, ::stride]
        low, high = float(some.min()), float(some.max())
        scaled = ((some - low) / max(high - low, 1e-12) * 255).to(torch.uint8)
        return {"pictures": scaled.permute(0, 2, 3, 1).tolist()}
    return {"rows": values.reshape(len(values), -1)[:PICTURES, :64].tolist() if values.dim() else []}
