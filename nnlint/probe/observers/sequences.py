"""Which dimension a layer of sequences takes for the batch, and which one is."""

from __future__ import annotations

import functools
import weakref
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from nnlint.events import SequenceRead
from nnlint.probe.observers.base import Observer
from nnlint.probe.remembered import Remembered
from nnlint.probe.replays import mapped, replay
from nnlint.probe.run import Call, Pass, Run
from nnlint.source import Place
from nnlint.values import Layer

_LAYERS = (
    nn.RNNBase,
    nn.MultiheadAttention,
    nn.Transformer,
    nn.TransformerEncoder,
    nn.TransformerDecoder,
    nn.TransformerEncoderLayer,
    nn.TransformerDecoderLayer,
)
_ELEMENTWISE = frozenset(
    {"relu", "activation", "dropout", "identity", "linear", "sigmoid", "tanh", "add", "scale", "keep", "elementwise"}
)
_LOSSES = frozenset(
    "torch.nn.functional." + name
    for name in (
        "cross_entropy", "nll_loss", "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy",
        "binary_cross_entropy_with_logits",
    )
)  # fmt: skip


@dataclass(slots=True)
class _Read:
    """The runs of one layer at one place; `times` are the dimensions of its output that were read as time."""

    place: Place
    layer: Layer
    module: weakref.ref[nn.Module]
    batch_first: bool
    batch: int | None = None
    times: dict[int, tuple[Place, str]] = field(default_factory=dict)


@dataclass(slots=True)
class _Network:
    """The last pass of a whole network in which layers of sequences ran."""

    module: nn.Module
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    reads: list[_Read]


class Sequences(Observer):
    """Runs the network again on fewer samples: the dimension of a layer's input that shrinks is the batch."""

    decides = ("NN403",)
    operations = _ELEMENTWISE | _LOSSES | {"index", "mean", "sum", "transpose", "permute"}

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._reads: dict[tuple[int, Place], _Read] = {}
        self._outputs = Remembered[tuple[_Read, bool]]()  # of such layers, and whether time and batch were swapped
        self._under_way: list[_Read] = []
        self._last: _Network | None = None

    def left(self, visit: Pass) -> None:
        if isinstance(visit.module, _LAYERS) and not any(isinstance(each.module, _LAYERS) for each in self.run.passes):
            self._ran(visit)
        if visit.depth == 0:
            waiting = [each for each in self._under_way if each.batch is None]
            self._last = None
            if waiting and visit.module is not None:
                args, kwargs = (mapped(each, torch.Tensor.detach) for each in (visit.args, visit.kwargs))
                self._last = _Network(visit.module, args, kwargs, waiting)
            self._under_way = []

    def called(self, call: Call) -> None:
        if call.name in _LOSSES:
            self._compared(call)
            return
        tensor = call.args[0] if call.args else None
        if not isinstance(tensor, torch.Tensor) or tensor not in self._outputs:
            return
        read, swapped = self._outputs[tensor]
        result = call.result
        axis = None
        match call.operation:
            case "index":
                axis = _picks(call.args[1] if len(call.args) > 1 else None)
            case "mean" | "sum":
                dim = call.argument("dim")
                axis = {0: 0, 1: 1, -3: 0, -2: 1}.get(dim) if type(dim) is int and tensor.dim() == 3 else None
            case "transpose" | "permute" if isinstance(result, torch.Tensor) and result.dim() == 3:
                turned = tensor.transpose(0, 1)
                if (result.shape, result.stride()) == (turned.shape, turned.stride()):
                    self._outputs[result] = (read, not swapped)
            case operation if operation in _ELEMENTWISE and isinstance(result, torch.Tensor):
                if result.shape[:2] == tensor.shape[:2] and result is not tensor:
                    self._outputs[result] = (read, swapped)
        if axis is not None and call.place is not None and self.run.in_forward:
            read.times.setdefault(1 - axis if swapped else axis, (call.place, call.words))

    def ended(self) -> None:
        for read in self._reads.values():
            time, (place, text) = next(iter(read.times.items())) if len(read.times) == 1 else (None, (None, ""))
            event = SequenceRead(
                place=read.place,
                layer=read.layer,
                batch_first=read.batch_first,
                batch=read.batch,
                time=time,
                read=place,
                reading=text,
            )
            if read.batch is not None:
                self.run.saw(event, f"on fewer samples dimension {read.batch} of its input is smaller")
            elif time is not None:
                self.run.saw(event, f"`{text}` reads dimension {time} as time", alone=False)
            else:
                self.run.undecided(event, "which dimension is that of the samples could not be measured")

    def _ran(self, visit: Pass) -> None:
        place, layer, first = self.run.places.here(), self.run.book.layer(visit.module), _batch_first(visit.module)
        given = next((each for each in (*visit.args, *visit.kwargs.values()) if isinstance(each, torch.Tensor)), None)
        output = visit.output[0] if isinstance(visit.output, tuple) and visit.output else visit.output
        if place is None or layer is None or first is None or given is None or not isinstance(output, torch.Tensor):
            return
        if given.dim() != 3 or 1 in given.shape[:2]:
            return  # of one step, or of one sample
        read = self._reads.setdefault((id(visit.module), place), _Read(place, layer, weakref.ref(visit.module), first))
        self._under_way.append(read)
        if output.dim() == 3:
            self._outputs[output] = (read, False)

    def _compared(self, call: Call) -> None:
        """A loss compares the network's output with a target: how many samples there are is known."""
        network = self._last
        scores = call.args[0] if call.args else call.kwargs.get("input")
        target = call.args[1] if len(call.args) > 1 else call.kwargs.get("target")
        if network is None or not isinstance(scores, torch.Tensor) or not isinstance(target, torch.Tensor):
            return
        self._last = None
        if not target.dim() or not scores.dim() or scores.shape[0] != target.shape[0] or target.shape[0] < 2:
            return
        samples = target.shape[0]
        inputs: list[torch.Tensor] = []
        mapped((network.args, network.kwargs), lambda each: inputs.append(each) or each)  # type: ignore[func-returns-value]
        first = next((each for each in inputs if each.dim() > 1), None)
        if first is None or (target.dim() > 1 and target.shape[1] == first.shape[1]):
            return  # a target for each step: its first dimension may be time
        if first.shape[0] != samples or (first.shape[1] == samples and first.dim() > 2):
            return
        self._measure(network, samples)

    def _measure(self, network: _Network, samples: int) -> None:
        """Run the network on all samples and on one less, and compare what its layers of sequences are given."""
        names = {id(module): name for name, module in network.module.named_modules()}
        wanted = {names[id(read.module())]: read for read in network.reads if id(read.module()) in names}
        whole, part = (self._given(network, list(wanted), samples, count) for count in (samples, samples - 1))
        for name, read in wanted.items():
            sizes, fewer = whole.get(name, ()), part.get(name, ())
            smaller = [axis for axis in (0, 1) if len(sizes) == len(fewer) == 3 and fewer[axis] != sizes[axis]]
            if len(smaller) == 1:
                read.batch = smaller[0]

    def _given(self, network: _Network, names: list[str], samples: int, count: int) -> dict[str, tuple[int, ...]]:
        sizes: dict[str, tuple[int, ...]] = {}

        def watch(twin: nn.Module) -> None:
            for name in names:
                hook: Any = functools.partial(_note, sizes, name)
                twin.get_submodule(name).register_forward_pre_hook(hook, with_kwargs=True)

        args, kwargs = mapped((network.args, network.kwargs), lambda each: _cut(each, samples, count))
        replay(self.run, network.module, args, kwargs, watch)
        return sizes


def _note(
    sizes: dict[str, tuple[int, ...]], name: str, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    sizes.setdefault(name, _sizes(args, kwargs))


def _sizes(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[int, ...]:
    given = next((each for each in (*args, *kwargs.values()) if isinstance(each, torch.Tensor)), None)
    return tuple(given.shape) if given is not None else ()


def _cut(tensor: torch.Tensor, samples: int, count: int) -> torch.Tensor:
    return tensor[:count] if tensor.dim() and tensor.shape[0] == samples else tensor


def _batch_first(module: nn.Module) -> bool | None:
    """As the layer was built; that of the attention of the first layer of a stack."""
    known = getattr(module, "batch_first", None)
    if known is None:
        inner = next((each for each in module.modules() if isinstance(each, nn.MultiheadAttention)), None)
        known = getattr(inner, "batch_first", None)
    return known if isinstance(known, bool) else None


def _picks(key: object) -> int | None:
    """The dimension of which one place is taken for all of the others: 1 in `[:, -1]`, 0 in `[-1]`."""
    keys = key if isinstance(key, tuple) else (key,)
    whole = slice(None)
    if keys and type(keys[0]) is int and keys[0] == -1 and all(each == whole for each in keys[1:]):
        return 0
    if len(keys) > 1 and isinstance(keys[0], slice) and keys[0] == whole and type(keys[1]) is int:
        return 1 if keys[1] in (0, -1) and all(isinstance(each, slice) and each == whole for each in keys[2:]) else None
    return None
