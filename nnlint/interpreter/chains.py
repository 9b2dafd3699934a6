"""Which linear layer takes what another one made, however many activations, norms and views stand between.

Kept beside the tensors, by their numbers: a tensor that two paths join, or that anything else is done to, has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nnlint.events import ActivationsStacked, LayersChained, WeightsFilled
from nnlint.interpreter import initializing
from nnlint.interpreter.biases import Biases
from nnlint.interpreter.objects import Const, Frame, Instance, Tensor, Value
from nnlint.interpreter.output_layers import OutputLayers
from nnlint.interpreter.saturation import Saturation
from nnlint.interpreter.stacks import Stacks
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

LINEAR = frozenset({"linear", "conv", "conv_transpose"})
_PER_UNIT = frozenset(
    {
        *("activation", "relu", "sigmoid", "logsigmoid", "tanh", "softplus", "identity", "channel_norm", "norm"),
        *("pool", "adaptive_pool", "flatten", "view", "transpose", "permute", "squeeze", "unsqueeze", "mean"),
    }
)
"""Operations that do the same to each unit; dropout does not."""


@dataclass(slots=True)
class Chains:
    """What the linear layers of one root feed."""

    makers: dict[int, Instance] = field(default_factory=dict)  # by the number of the tensor
    tied: dict[Instance, WeightsFilled] = field(default_factory=dict)
    untied: set[Instance] = field(default_factory=set)  # something tells their units apart
    biases: Biases = field(default_factory=Biases)
    outputs: OutputLayers = field(default_factory=OutputLayers)
    stacks: Stacks = field(default_factory=Stacks)
    saturation: Saturation = field(default_factory=Saturation)

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
        self.stacks.carried(run, operation, words, tensor, result, node, frame)
        self.saturation.carried(run, operation, words, tensor, result, node, frame)
        self.outputs.carried(operation, tensor, result)
        maker = self.makers.get(tensor.serial)
        if maker is not None and operation in _PER_UNIT:
            self.makers[result.serial] = maker

    def layer_ran(self, run: Interpreter, layer: Instance, value: Value, result: Value) -> None:
        """A linear map or a convolution made `result` of `value`."""
        self.outputs.layer_ran(layer, value, result)
        self.stacks.layer_ran(run, layer, value, result)
        self.saturation.layer_ran(layer, value, result)
        maker = self.makers.get(value.serial) if isinstance(value, Tensor) else None
        if maker is not None:
            event = _tie(maker, layer)
            if event is not None and not run.undecided and not run.choosing:
                self.tied[maker] = event
            else:
                self.untied.add(maker)
        if isinstance(result, Tensor):
            self.makers[result.serial] = layer

    def events(self) -> Iterator[WeightsFilled | LayersChained | ActivationsStacked]:
        for layer, event in self.tied.items():
            if layer not in self.untied:
                yield event
        yield from self.stacks.events()
        yield from self.saturation.events()


def _tie(first: Instance, second: Instance) -> WeightsFilled | None:
    """Two layers that were filled so that nothing tells the units between them apart."""
    weight, bias = initializing.filled(first, "weight"), initializing.filled(first, "bias")
    behind = initializing.filled(second, "weight")
    if weight is None or behind is None or (bias is None and first.arguments.get("bias") != Const(False)):
        return None  # torch draws biases, too
    units = first.arguments.get("out_features", first.arguments.get("out_channels"))
    if units == Const(1) or any(each.arguments.get("groups", Const(1)) != Const(1) for each in (first, second)):
        return None
    return WeightsFilled(
        place=weight,
        layer=first.name or first.class_name,
        following=second.name or second.class_name,
        following_place=behind,
    )
