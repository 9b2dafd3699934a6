"""Which layer made a tensor: read from the graph of the run, so that functions between layers need not be watched."""

from __future__ import annotations

import ast
import weakref
from collections.abc import Iterator
from functools import lru_cache
from types import FrameType
from typing import Any

import torch
from torch import nn

from nnlint.probe.places import Places, words
from nnlint.source import Place

LINEAR = (nn.Linear, nn.modules.conv._ConvNd)
MOVES = frozenset(
    (
        *("View", "UnsafeView", "ReshapeAlias", "Reshape", "Permute", "Transpose", "T", "Squeeze", "Unsqueeze"),
        *("Clone", "ToCopy", "Alias", "Expand", "Detach"),
    )
)
"""Nodes of the graph that put the same numbers elsewhere."""
POOLS = ("MaxPool", "AvgPool", "AdaptiveMaxPool", "AdaptiveAvgPool", "MkldnnAdaptiveAvgPool", "MkldnnMaxPool", "Mean")
ACTIVATIONS = ("Relu", "LeakyRelu", "Tanh", "Sigmoid", "Gelu", "Elu", "Silu", "Softplus", "Hardtanh", "LogSoftmax")
_PRODUCTS = ("Addmm", "Mm", "Bmm", "Convolution", "Linear", "MkldnnLinear", "SlowConv", "ThnnConv", "Baddbmm", "Matmul")
_FAR = 40  # nodes between two layers


def kind(node: Any) -> str:
    """Torch's name of a node: `Addmm` of `AddmmBackward0`."""
    return str(node.name()).rpartition("::")[2].partition("Backward")[0]


class Layers:
    """The linear layers that ran, found by their parameters."""

    def __init__(self) -> None:
        self._owners: dict[int, weakref.ref[nn.Module]] = {}

    def ran(self, layer: nn.Module) -> None:
        """A layer ran; weights of other layers may have had the same address before."""
        for each in (layer.weight, layer.bias):
            if isinstance(each, torch.Tensor):
                self._owners[id(each)] = weakref.ref(layer)

    def of(self, parameter: object) -> nn.Module | None:
        owner = self._owners.get(id(parameter))
        layer = owner() if owner is not None else None
        return layer if layer is not None and (layer.weight is parameter or layer.bias is parameter) else None

    def maker(self, tensor: torch.Tensor, through: tuple[str, ...] = ()) -> nn.Module | None:
        """The layer whose output a tensor is, moved or taken through operations of these kinds at most."""
        node = tensor.grad_fn
        for _ in range(_FAR):
            if node is None:
                return None
            name = kind(node)
            if name.startswith(_PRODUCTS) or (name == "Add" and len(list(_leaves(node))) == 1):
                return next((layer for leaf in _leaves(node) if (layer := self.of(leaf)) is not None), None)
            if name not in MOVES and not name.startswith(through or ("-",)):
                return None
            before = [each for each, _ in node.next_functions if each is not None]
            node = before[0] if len(before) == 1 else None
        return None


def _leaves(node: Any) -> Iterator[torch.Tensor]:
    """The parameters that a node takes, as they are or transposed or cast."""
    for each, _ in node.next_functions:
        while each is not None and kind(each) in MOVES and len(each.next_functions) == 1:
            each = each.next_functions[0][0]
        if each is not None and hasattr(each, "variable"):
            yield each.variable


def first_tensor(args: tuple[Any, ...]) -> torch.Tensor | None:
    return args[0] if args and isinstance(args[0], torch.Tensor) else None


def setting_frame(places: Places, module: object) -> FrameType | None:
    """The user's frame, if it is a method of the module: what torch's own constructors set is not the user's."""
    frame = places.frame()
    if frame is None or not frame.f_code.co_argcount:
        return None
    return frame if frame.f_locals.get(frame.f_code.co_varnames[0]) is module else None


def call_at(place: Place | None) -> ast.Call | None:
    """The call in the user's text at a place."""
    try:
        tree = ast.parse(words(place, 10_000).strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return None
    return tree if isinstance(tree, ast.Call) else None


def is_plainly(place: Place | None, module: nn.Module) -> bool:
    """Whether the call names the class of the module: another name may stand for another class in another run."""
    call = call_at(place)
    return call is not None and ast.unparse(call.func).rpartition(".")[2] == type(module).__name__


@lru_cache(maxsize=256)
def _branches(path: str) -> tuple[tuple[int, int, int, int], ...]:
    """The spans of the branches of `if` statements and conditional expressions of a file."""
    try:
        with open(path, encoding="utf-8") as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return ()
    found: list[tuple[int, int, int, int]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.If):
            found += [(part[0], part[-1]) for part in (node.body, node.orelse) if part]  # type: ignore[misc]
        elif isinstance(node, ast.IfExp):
            found += [(part, part) for part in (node.body, node.orelse)]  # type: ignore[misc]
    return tuple((a.lineno, a.col_offset, b.end_lineno, b.end_col_offset) for a, b in found)  # type: ignore


def conditions(place: Place | None) -> set[tuple[str, int, int]]:
    """The branches that a place lies in."""
    if place is None or place.span is None:
        return set()
    at = (place.span.line, place.span.column - 1)
    return {(place.path, a, b) for a, b, c, d in _branches(place.path) if (a, b) <= at <= (c, d)}
