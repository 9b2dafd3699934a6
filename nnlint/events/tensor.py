"""Tensors are computed of tensors, and cut off the graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nnlint.events.base import Event
from nnlint.source import Place
from nnlint.values import Layer, TensorFacts, Written


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationRan(Event):
    """A tensor operation of those that rules ask about ran.

    `operation` is nnlint's name of it (`knowledge/operations.py`), `call` is the user's call, `options` are the
    arguments that it was given besides the tensor, each None where it is not a known constant. `sizes` are those of its
    input as the user names them, each None where it is not known (None: not even their number is); `batch` is the
    dimension that is known to be that of the batch. `differentiated` says that `backward` came through it. `written` is
    how it is written, with the calls that its operand is made by in the same expression. `shared` says that the layer
    is applied elsewhere too.
    """

    operation: str
    call: str
    layer_made: Place | None  # where the layer is constructed, if it is one's operation
    input: TensorFacts
    options: Mapping[str, object]
    sizes: tuple[str | None, ...] | None
    batch: int | None
    loaded: bool  # the batch is one of several items that a loader made
    differentiated: bool
    in_forward: bool  # in the forward pass of a network
    of_network: bool  # on the output of a whole network
    added_back: bool  # a difference that it was made of was added to something behind it
    written: tuple[Written, ...] = ()
    shared: bool = False
    single: bool = False  # the last dimension of its input has size 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultDiscarded(Event):
    """The result of an operation that changes nothing, `call`, was thrown away.

    `target` is the variable or attribute, read later, that it was an operation on.
    """

    call: str
    operation: str
    moves: bool  # to another device or type
    target: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenInPlace(Event):
    """Something was written into `target` while gradients are recorded.

    It is a `leaf` that gets gradients, a parameter for example, or else a tensor that `kept_by`, at `kept`, keeps for
    its backward pass, which runs later.
    """

    target: str
    leaf: bool
    kept_by: str
    kept: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphCut(Event):
    """A tensor that hung on a graph was cut off it by `call`.

    `operation` says how: `detach` (`.item()`, `.detach()`, `.data`, `torch.tensor(x)`), or an operation through which
    no gradient flows (`argmax`, `compare`, `round`, `step`, `one_hot`). `differentiated` says that `backward` was
    called on what was made of it, `whole` that nothing that was differentiated there hung on a graph: no parameter got
    a gradient. `starved` are the layers that are to learn and that, for the cut, no `backward` reaches. `written` is
    how the cut is written, of `several` tensors maybe, and `required` are the assignments that set `requires_grad` of
    what was cut off.
    """

    operation: str
    call: str
    input: TensorFacts
    differentiated: bool
    whole: bool
    backward: Place | None  # where that was
    in_forward: bool  # in the forward pass of a network
    starved: tuple[Layer, ...] = ()
    written: Written | None = None
    several: bool = False
    required: tuple[Place, ...] = ()
