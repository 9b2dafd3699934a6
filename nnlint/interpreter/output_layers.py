"""The layer that makes the scores a loss compares, and whether it has an offset.

Kept beside the tensors, by their numbers: what is added to, scaled or picked from is another tensor, of which nothing
is known here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nnlint.events import OutputCompared
from nnlint.interpreter.modes import FROZEN
from nnlint.interpreter.objects import FALSE, Const, Frame, Instance, Tensor, Value
from nnlint.interpreter.sizes import Size
from nnlint.interpreter.wording import text_of
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

_ACTIVATIONS = frozenset({"activation", "relu", "sigmoid", "tanh", "softplus"})
_NORMS = frozenset({"norm", "channel_norm"})
_PLACES = frozenset(
    [
        "identity",
        "view",
        "flatten",
        "transpose",
        "t",
        "permute",
        "squeeze",
        "unsqueeze",
        "pool",
        "adaptive_pool",
        "mean",
    ]
)
_PICKED_UP = _PLACES | {"dropout"}
_COMPARED = _PLACES | {"resample", "sigmoid", "softmax", "log_softmax"}
_OVER_CLASSES = frozenset({"CrossEntropyLoss", "cross_entropy", "NLLLoss", "nll_loss"})
_OF_EACH = frozenset(["BCELoss", "binary_cross_entropy", "BCEWithLogitsLoss", "binary_cross_entropy_with_logits"])
_OF_NUMBERS = frozenset(
    ["MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"]
)
_WORDS = ("vocab", "token", "lm_head", "word", "embed")  # of the output of a language model


@dataclass(slots=True)
class OutputLayers:
    """What has an activation behind it, and what the last layers made, in one root."""

    has_offsets: bool = False  # some layer has a bias: that the network has none is not what its author decided
    vocabularies: list[Size] = field(default_factory=list)
    _activated: set[int] = field(default_factory=set)  # by the numbers of the tensors
    _makers: dict[int, Instance] = field(default_factory=dict)

    def carried(self, operation: str, tensor: Tensor, result: Tensor) -> None:
        """An operation made `result` of `tensor`."""
        self.has_offsets = self.has_offsets or operation in _NORMS
        if operation in _ACTIVATIONS or (operation in _PICKED_UP and tensor.serial in self._activated):
            self._activated.add(result.serial)
        maker = self._makers.get(tensor.serial)
        if maker is not None and operation in _COMPARED:
            self._makers[result.serial] = maker

    def layer_ran(self, layer: Instance, value: Value, result: Value) -> None:
        """A linear map or a convolution made `result` of `value`.

        One that takes no activation may be meant as it is: a linear model, a projection, a head behind a norm.
        """
        if layer.arguments.get("bias") != FALSE:
            self.has_offsets = True
        elif isinstance(value, Tensor) and value.serial in self._activated and isinstance(result, Tensor):
            self._makers[result.serial] = layer

    def embedded(self, run: Interpreter, embedding: Instance) -> None:
        """Words were looked up: the scores of as many are those of a language model."""
        number = embedding.arguments.get("num_embeddings")
        size = run.sizes.as_size(number) if number is not None else None
        if size is not None:
            self.vocabularies.append(size)

    def compared(self, run: Interpreter, kind: str, scores: Tensor, node: ir.Call, frame: Frame) -> None:
        """A loss takes `scores`."""
        layer = self._makers.get(scores.serial)
        if layer is None or layer.made is None or run.choosing or run.gradients_enabled is False:
            return
        if not self.has_offsets or not self._wants_offset(run, layer, kind):
            return
        run.emit(
            OutputCompared(
                place=layer.made,
                layer=layer.name or f"nn.{layer.class_name}",
                loss=text_of(node.function),
                loss_place=run.place(frame, node),
            )
        )

    def _wants_offset(self, run: Interpreter, layer: Instance, kind: str) -> bool:
        if layer.fields.get(FROZEN) not in (None, False) or "weight" in layer.fields:
            return False  # its weights are those of another, or meant to stay
        if any(word in layer.name.lower() for word in _WORDS):
            return False
        width = layer.arguments.get("out_features", layer.arguments.get("out_channels"))
        size = run.sizes.as_size(width) if width is not None else None
        if size is None or any(size == each for each in self.vocabularies):
            return False
        is_single = width == Const(1)
        if kind in _OVER_CLASSES:
            return not is_single  # scores of places: the softmax over them takes a common offset out
        if "out_features" not in layer.arguments:
            return False  # maps of scores, as discriminators make them, or images
        return kind in _OF_EACH or (kind in _OF_NUMBERS and is_single)
