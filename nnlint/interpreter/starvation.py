"""Layers that get no gradient because all that is made of their output is cut off the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlint.interpreter import modes
from nnlint.interpreter.objects import Instance, Provenance
from nnlint.interpreter.ownership import HELD, LOADED
from nnlint.values import Layer

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


class Starvation:
    """The layers with parameters that ran in one root, each watched under a number of its own."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._layers: dict[int, Instance] = {}

    def fed(self, run: Interpreter, layer: Instance, graph: Provenance) -> Provenance:
        """The graph that a layer makes hangs on its parameters."""
        if not graph.calls or run.gradients_enabled is False:
            return graph
        if layer.serial not in self._numbers:
            number = run.watched.watch(lambda fate: None)
            self._numbers[layer.serial] = number
            self._layers[number] = layer
        return graph.through(self._numbers[layer.serial])

    def starved(self, run: Interpreter, cut: Provenance) -> tuple[Layer, ...]:
        """Of the layers on the graph that a tensor is cut off those that no `backward` reached in another way.

        They are meant to learn: an optimizer holds them, or none is there, and they are not frozen.
        """
        layers = [
            self._layers[number]
            for number in sorted(cut.operations)
            if number in self._layers and not run.watched.is_of_use(number)
        ]
        holds = [optimizer.lazies.get(HELD) for optimizer in run.optimizers]
        return tuple(
            Layer(layer.class_name, layer.name or layer.class_name, layer.made)
            for layer in layers
            if layer.made is not None
            and layer.fields.get(modes.FROZEN) in (None, False)
            and LOADED not in layer.lazies
            and (not holds or any(held is not None and id(layer) in held for held in holds))
        )
