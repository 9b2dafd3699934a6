"""How many sigmoids and tanhs, each behind a linear layer, a tensor went through in a row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nnlint.events import ActivationsStacked
from nnlint.interpreter.objects import Arguments, ClassValue, Const, Frame, Instance, Tensor, Value
from nnlint.reading import script as ir
from nnlint.source import Place

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

_SQUASHES = frozenset({"sigmoid", "tanh"})
_CARRIES = frozenset(
    {"identity", "dropout", "pool", "adaptive_pool", "flatten", "view", "transpose", "permute", "squeeze", "unsqueeze"}
)
_FILLS = ("constant_", "zeros_", "ones_", "eye_", "calculate_gain")


@dataclass(frozen=True, slots=True)
class _Stack:
    """The linear layers that a tensor went through, each but the last followed by a squash; the first of these."""

    layers: tuple[Instance, ...]
    squashes: int = 0
    first: Place | None = None
    words: str = ""


@dataclass(slots=True)
class Saturation:
    """The stacks of one root."""

    initialized: bool = False  # weights were drawn by the program itself, as the sizes of the layers ask
    _linear: dict[int, _Stack] = field(default_factory=dict)  # by the number of what a linear layer made
    _squashed: dict[int, _Stack] = field(default_factory=dict)
    _deepest: dict[Place, _Stack] = field(default_factory=dict)

    def drawn(self, dotted: str, arguments: Arguments) -> None:
        """A function of `torch.nn.init` is called: one of a fixed spread, however wide the layer, matches nothing."""
        fixed = dotted.endswith(".normal_") and isinstance(arguments.get(2, "std") or Const(1.0), Const)
        self.initialized = self.initialized or not (fixed or dotted.endswith(_FILLS))

    def carried(
        self,
        run: Interpreter,
        operation: str,
        words: str,
        tensor: Tensor,
        result: Tensor,
        node: ir.Node | None,
        frame: Frame,
    ) -> None:
        """An operation made `result` of `tensor`."""
        if operation in _CARRIES:
            for stacks in (self._linear, self._squashed):
                if tensor.serial in stacks:
                    stacks[result.serial] = stacks[tensor.serial]
        elif operation in _SQUASHES and tensor.serial in self._linear and node is not None:
            stack = self._linear[tensor.serial]
            first, called = stack.first or _place(run, node, frame), stack.words or _name(run, words)
            deeper = self._squashed[result.serial] = _Stack(stack.layers, stack.squashes + 1, first, called)
            known = self._deepest.get(first)
            if known is None or known.squashes < deeper.squashes:
                self._deepest[first] = deeper

    def layer_ran(self, layer: Instance, value: Value, result: Value) -> None:
        """A linear map or a convolution made `result` of `value`."""
        before = self._squashed.get(value.serial) if isinstance(value, Tensor) else None
        if not isinstance(result, Tensor) or (before is not None and layer in before.layers):
            return  # one layer over and over is a recurrent net
        stack = before or _Stack(())
        self._linear[result.serial] = _Stack((*stack.layers, layer), stack.squashes, stack.first, stack.words)

    def events(self) -> Iterator[ActivationsStacked]:
        for first, stack in self._deepest.items():
            if not self.initialized:
                yield ActivationsStacked(place=first, activation=stack.words, number=stack.squashes)


def _activation(run: Interpreter) -> Instance | None:
    """The activation that runs, where it is a layer."""
    layer = run.module_stack[-1] if run.module_stack else None
    return layer if layer is not None and not isinstance(layer.cls, ClassValue) and layer.made is not None else None


def _place(run: Interpreter, node: ir.Node, frame: Frame) -> Place:
    layer = _activation(run)
    return layer.made if layer is not None and layer.made is not None else run.place(frame, node)


def _name(run: Interpreter, words: str) -> str:
    layer = _activation(run)
    return layer.class_name if layer is not None else words
