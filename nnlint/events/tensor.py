"""Tensors are computed of tensors, and cut off the graph."""

from __future__ import annotations

from dataclasses import dataclass

from nnlint.events.base import Event
from nnlint.values import TensorFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationRan(Event):
    """A tensor operation of those that rules ask about ran.

    `operation` is nnlint's name of it (`knowledge/operations.py`), `call` is the user's call. `sizes` are those of its
    input as the user names them, each None where it is not known (None: not even their number is), `dim` is the
    dimension it was given. `differentiated` says that `backward` came through it.
    """

    operation: str
    call: str
    input: TensorFacts
    sizes: tuple[str | None, ...] | None
    dim: int | None
    differentiated: bool
    in_forward: bool  # in the forward pass of a network


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphCut(Event):
    """A tensor that hung on a graph was cut off it by `call` (`.item()`, `.detach()`, `.data`, `torch.tensor(x)`).

    `differentiated` says that `backward` was called on what was made of it, `whole` that nothing else that was
    differentiated there hung on a graph: no parameter got a gradient.
    """

    call: str
    input: TensorFacts
    differentiated: bool
    whole: bool
    in_forward: bool  # in the forward pass of a network
