"""Weights that are set: loaded, drawn at random, or filled with one number.

What is loaded is kept with each layer that it reaches. When a layer is initialized after that, and no network ran
between, the load remembers it; at the end it is told of loads that lost most of their layers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nnlint.events import WeightsInitialized
from nnlint.interpreter import modes
from nnlint.interpreter.ledger import Guard
from nnlint.interpreter.objects import Arguments, Const, External, Frame, Instance, Unknown, Value
from nnlint.interpreter.parameters import OF
from nnlint.interpreter.wording import text_of
from nnlint.knowledge.initializers import CONSTANT, METHODS, OTHER, RANDOM, main_layer
from nnlint.knowledge.layers import LAYERS
from nnlint.knowledge.networks import network_mode
from nnlint.reading import script as ir
from nnlint.source import Place

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

_LOAD = "<weights loaded>"
_WITHIN = "<layers within>"
_FILLED = {"weight": "<weight filled>", "bias": "<bias filled>"}
_KINDS = frozenset({"linear", "conv", "conv_transpose", "embedding"})


@dataclass(frozen=True, slots=True)
class Drawn:
    """Where the weights of a layer were drawn at random: by a call, which may be a part of `net.apply(init)`."""

    place: Place
    call: str
    by: Place


@dataclass(slots=True, eq=False)
class Load:
    """Weights are loaded into layers. `partial`: not into all of them, for all that is known."""

    place: Place
    call: str
    layers: tuple[Instance, ...]
    partial: bool
    guards: tuple[Guard, ...]
    passes: int
    overwritten: dict[Instance, Drawn] = field(default_factory=dict)

    @property
    def is_lost(self) -> bool:
        """Whether most of what was loaded is overwritten, and not a head, or the last layers, on purpose."""
        if self.partial:
            return len(self.overwritten) == len(self.layers)
        is_head = len(self.layers) > 1 and {*self.overwritten} <= {self.layers[-1]}
        return not is_head and 2 * len(self.overwritten) >= len(self.layers)


@dataclass(slots=True)
class Initializing:
    """What one root did to weights by hand."""

    passes: int = 0  # how often a network ran, or was handed to something unknown
    applied: list[tuple[Place, str]] = field(default_factory=list)  # the calls of `apply` that run
    loads: list[Load] = field(default_factory=list)

    def events(self) -> Iterator[WeightsInitialized]:
        for load in self.loads:
            for layer, drawn in load.overwritten.items() if load.is_lost else ():
                yield WeightsInitialized(
                    place=drawn.place,
                    call=drawn.call,
                    layer=layer.name or layer.class_name,
                    drawn=drawn.by,
                    loaded=load.place,
                    source=load.call,
                )


def network_made(
    run: Interpreter, network: Instance, dotted: str, arguments: Arguments, node: ir.Node | None, frame: Frame
) -> None:
    """A network of another package is built; with weights, it holds a layer that stands for all of its layers."""
    if not isinstance(node, ir.Call) or network_mode(dotted) is None or not _comes_with_weights(dotted, arguments):
        return
    name = arguments.get(0, "model_name") if dotted.startswith("timm.") else None
    kind = main_layer(name.value if isinstance(name, Const) and isinstance(name.value, str) else dotted)
    if kind is None:
        return
    layer = Instance(External(kind), network.made, network.class_name)
    network.lazies[_WITHIN] = layer
    _loaded(run, (layer,), False, run.place(frame, node), text_of(node.function))


def _comes_with_weights(dotted: str, arguments: Arguments) -> bool:
    if dotted.endswith(".from_pretrained"):
        return True
    flag = arguments.keywords.get("pretrained")
    if flag is None and dotted.startswith("torchvision.") and arguments.positional:
        flag = arguments.positional[0]
    weights = arguments.keywords.get("weights")
    named = isinstance(weights, External) or (isinstance(weights, Const) and isinstance(weights.value, str))
    return flag == Const(True) or named


def layers_within(module: Instance) -> list[Instance]:
    """The layers that stand for those of the networks of other packages in a module."""
    found = [each.lazies.get(_WITHIN) for each in modes.descendants(module) if isinstance(each, Instance)]
    return [each for each in found if each is not None]


def loaded(run: Interpreter, module: Instance, arguments: Arguments, node: ir.Call, frame: Frame, own: bool) -> None:
    """`module.load_state_dict(…)`; `own`: what is loaded began as the module's own state."""
    layers = [each for each in modes.descendants(module) if isinstance(each, Instance) and _has_kind(each)]
    strict = arguments.get(1, "strict")
    partial = own or (strict is not None and run.truth(strict) is not True) or arguments.loose
    _loaded(run, (*layers, *layers_within(module)), partial, run.place(frame, node), text_of(node.function))


def _has_kind(layer: Instance) -> bool:
    info = LAYERS.get(layer.cls.dotted) if isinstance(layer.cls, External) else None
    return info is not None and info.operation in _KINDS


def _loaded(run: Interpreter, layers: tuple[Instance, ...], partial: bool, place: Place, call: str) -> None:
    initializing = run.initializing
    load = Load(place, call, layers, partial, tuple(run.guards), initializing.passes)
    initializing.loads.append(load)
    for each in layers:
        run.store.write(each, _LOAD, load)
        for key in _FILLED.values():
            run.store.write(each, key, None)


def function_called(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> None:
    """`nn.init.normal_(layer.weight)`."""
    name = dotted.rpartition(".")[2]
    tensor = arguments.get(0, "tensor")
    if tensor is not None and node is not None and name in RANDOM | CONSTANT | OTHER:
        _set(run, tensor, name, node, frame)


def method_called(run: Interpreter, tensor: Unknown, name: str, node: ir.Call | None, frame: Frame) -> None:
    """`layer.weight.data.normal_()`."""
    if name in METHODS and node is not None:
        _set(run, tensor, name, node, frame)


def filled(layer: Instance, parameter: str) -> Place | None:
    """Where the weight, or the bias, of a layer was filled with one number."""
    place = layer.fields.get(_FILLED[parameter])
    return place if isinstance(place, Place) else None


def _set(run: Interpreter, tensor: Value, name: str, node: ir.Call, frame: Frame) -> None:
    found = _parameter(tensor)
    if found is None:
        return
    layer, parameter = found
    place = run.place(frame, node)
    if parameter in _FILLED:
        known = name in CONSTANT and not run.undecided and not run.choosing
        run.store.write(layer, _FILLED[parameter], place if known else None)
    load = layer.fields.get(_LOAD)
    if parameter == "weight" and isinstance(load, Load):
        run.store.write(layer, _LOAD, None)
        if name in RANDOM:
            _drawn(run, layer, load, place, node)


def _drawn(run: Interpreter, layer: Instance, load: Load, by: Place, node: ir.Call) -> None:
    """The loaded weights of a layer are drawn anew."""
    always = not run.choosing and all(guard in load.guards for guard in run.guards)
    if always and load.passes == run.initializing.passes:
        place, call = run.initializing.applied[-1] if run.initializing.applied else (by, text_of(node.function))
        load.overwritten[layer] = Drawn(place, call, by)


def _parameter(tensor: Value) -> tuple[Instance, str] | None:
    """The layer whose parameter a tensor is, or is the data of, and the name of the parameter."""
    owner = tensor.lazies.get("<owner>") if isinstance(tensor, Unknown) and tensor.name == "data" else tensor
    modules = owner.lazies.get(OF) if isinstance(owner, Unknown) else None
    if not isinstance(owner, Unknown) or not modules or len(modules) != 1:
        return None
    (layer,) = modules
    return (layer, owner.name) if isinstance(layer, Instance) else None
