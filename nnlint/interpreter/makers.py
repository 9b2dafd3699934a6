"""What gave tensors their scale, and what uses them: whether it can become something else, or be taken out.

Given `p = F.softmax(x, dim=1)`, a cross entropy of `p` is a mistake, and its `argmax` is the same without the softmax.
A product, a threshold or a metric of `p` need probabilities: then the softmax has to stay.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from nnlint.events import Event, LossComputed, OperationRan
from nnlint.interpreter.objects import Arguments, Frame, Instance, Mapping, Sequence, Tensor, Union, Value
from nnlint.interpreter.written import written
from nnlint.reading import script as ir
from nnlint.source import Place
from nnlint.values import Maker, Scale, TensorFacts

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

_MAKE = frozenset({"softmax", "softmax2d", "log_softmax", "sigmoid", "relu", "tanh", "dropout"})
_ORDER = frozenset({"argmax", "extreme", "sort", "argsort"})
_HAND_ON = frozenset(
    [
        "identity", "detach", "keep", "view", "resize", "flatten", "unflatten", "transpose", "t", "permute", "squeeze",
        "unsqueeze", "expand", "select", "chunk", "unbind", "cat", "stack", "resample",
    ]
)  # fmt: skip
_NOWHERE = Place("")
MOST_ITEMS = 32  # of a container that are looked at


class Makers:
    """The makers of one root, and what needs that which they make."""

    def __init__(self) -> None:
        self._uses: dict[Place, set[tuple[Place, Scale | None]]] = defaultdict(set)
        self._fed: dict[Place, set[Scale]] = defaultdict(set)
        self._calls: dict[Place, set[Place]] = defaultdict(set)

    def used(self, value: Value | None, place: Place | None, expects: Scale | None = None) -> None:
        """A value is used by something that needs it as it is, or (a loss) that `expects` another scale."""
        match value:
            case Tensor():
                for maker in value.makers:
                    for spot in (maker.place, maker.layer):
                        if spot is not None:
                            self._uses[spot].add((place or _NOWHERE, expects))
            case Sequence():
                for item in value.items[:MOST_ITEMS]:
                    self.used(item, place, expects)
            case Mapping():
                for item in list(value.items.values())[:MOST_ITEMS]:
                    self.used(item, place, expects)
            case Union():
                for item in value.alternatives:
                    self.used(item, place, expects)

    def given_away(self, arguments: Arguments, place: Place | None) -> None:
        """Something unknown is given arguments."""
        for value in arguments.all():
            self.used(value, place)

    def fed(self, made: Place | None, scale: Scale) -> None:
        """A loss that is constructed there is given something."""
        if made is not None:
            self._fed[made].add(scale)

    def applied(self, layer: Place | None, place: Place) -> None:
        """A layer that is constructed there is applied."""
        if layer is not None:
            self._calls[layer].add(place)

    def settled(self, events: Iterable[Event]) -> Iterator[Event]:
        """The events with what is known of their makers in the end."""
        for event in events:
            match event:
                case LossComputed():
                    fed = frozenset(self._fed[event.loss.made]) if event.loss.made is not None else frozenset()
                    loss = replace(event.loss, fed=fed or frozenset({event.input.scale}))
                    wanted = event.loss.expects
                    yield replace(
                        event,
                        loss=loss,
                        input=self._settled(event.input, event.place, wanted),
                        target=self._settled(event.target, event.place, wanted),
                    )
                case OperationRan():
                    shared = event.layer_made is not None and len(self._calls[event.layer_made]) > 1
                    yield replace(event, input=self._settled(event.input, event.place, None), shared=shared)
                case _:
                    yield event

    def _settled(self, facts: TensorFacts, here: Place, wanted: Scale | None) -> TensorFacts:
        if facts.maker is None:
            return facts
        uses = self._uses[facts.maker.layer or facts.maker.place] | self._uses[facts.maker.place]
        others = any(place != here and (wanted is None or expects is not wanted) for place, expects in uses)
        return replace(facts, maker=None) if others else facts


def ran(
    run: Interpreter, operation: str, tensor: Tensor, node: ir.Node | None, frame: Frame, layer: Instance | None
) -> None:
    """An operation ran on a tensor."""
    if layer is not None and node is not None:
        run.makers.applied(layer.made, run.place(frame, node))
    if tensor.makers and operation not in _ORDER and operation not in _HAND_ON:
        run.makers.used(tensor, run.place(frame, node) if node is not None else None)


def made(
    run: Interpreter, operation: str, node: ir.Node | None, frame: Frame, layer: Instance | None
) -> frozenset[Maker]:
    """The maker that an operation is."""
    if node is None or operation not in _MAKE:
        return frozenset()
    place = run.place(frame, node)
    if layer is None:
        return frozenset({Maker(operation, place, None, written(run, node, frame))})
    if layer.made is None:
        return frozenset()
    alone = isinstance(node, ir.Call) and _calls(run, node.function, layer, frame)
    return frozenset({Maker(operation, place if alone else layer.made, layer.made)})


def of_parts(parts: Value | None) -> frozenset[Maker]:
    """The makers of what `cat` or `stack` puts together."""
    items = parts.items if isinstance(parts, Sequence) else ()
    return frozenset(maker for item in items if isinstance(item, Tensor) for maker in item.makers)


def only(makers: frozenset[Maker]) -> Maker | None:
    return next(iter(makers)) if len(makers) == 1 else None


def _calls(run: Interpreter, callee: ir.Expr, layer: Instance, frame: Frame) -> bool:
    """Whether a call is of that layer by its name, and not of a container or a variable that it passes through."""
    match callee:
        case ir.Attribute(attr=name) | ir.Name(name=name):
            return name == layer.name
        case ir.Call():
            return layer.made == run.place(frame, callee)
    return False
