"""The shapes that layers make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlint.interpreter.objects import (
    Const,
    Sequence,
    Shape,
    Tensor,
    Unknown,
    Value,
)
from nnlint.interpreter.sizes import Size

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


_DIMENSIONS = {"Conv1d": 1, "Conv2d": 2, "Conv3d": 3}


def presumed(run: Interpreter, operation: str, value: Value, words: str) -> Shape | None:
    """The input's shape where only the layer says what rank it has: Conv2d takes [N, C, H, W], an LSTM a batch of
    sequences.
    """
    if not isinstance(value, (Tensor, Unknown)):
        return None
    if operation in ("conv", "conv_transpose"):
        rank = next((number + 2 for kind, number in _DIMENSIONS.items() if kind in words), None)
    elif operation == "linear":
        asked = run.sizes.guessed_rank(value)
        rank = len(asked) + 1 if asked is not None else None
    else:
        rank = {"embedding": 2, "recurrent": 3}.get(operation)
    if rank is None:
        return None
    shape = run.sizes.learn_rank(value, rank)
    if shape is not None and operation in ("conv", "conv_transpose", "embedding"):
        run.sizes.taken_as_large(shape)  # images and sequences are not of one pixel or word
        run.sizes.counts_items(shape[0])
    return shape


def state(run: Interpreter, output: Shape | None, options: dict[str, Value]) -> Shape | None:
    """The last hidden state of a recurrent layer: [layers · directions, batch, hidden]."""
    layers, both, first = (options.get(f"<{name}>") for name in ("num_layers", "bidirectional", "batch_first"))
    hidden = run.sizes.as_size(options["<hidden_size>"]) if "<hidden_size>" in options else None
    ways = directions(run, both)
    if output is None or len(output) != 3 or ways is None or not isinstance(first, Const) or layers is None:
        return None
    number = run.sizes.as_size(layers)
    return (number * ways if number is not None else None, output[0 if first.value else 1], hidden)


def directions(run: Interpreter, both: Value | None) -> Size | None:
    """In how many directions a recurrent layer goes."""
    if isinstance(both, Const):
        return Size.of(2 if both.value else 1)
    return run.sizes.directions(both) if both is not None else None


def axis_of(value: Value | None) -> int | None:
    return (
        value.value
        if isinstance(value, Const) and isinstance(value.value, int) and not isinstance(value.value, bool)
        else None
    )


def layer(run: Interpreter, operation: str, before: Shape | None, options: dict[str, Value]) -> Shape | None:
    out = {
        "linear": "<out_features>",
        "embedding": "<embedding_dim>",
        "recurrent": "<hidden_size>",
        "mha": "<embed_dim>",
    }[operation]
    if before is None or out not in options:
        return None
    size = run.sizes.as_size(options[out])
    if operation == "embedding":
        return (*before, size)
    if operation == "mha":
        return before
    wanted = run.sizes.as_size(options["<in_features>"]) if "<in_features>" in options else None
    if before:
        run.sizes.fact(before[-1], wanted)
    if operation == "recurrent":
        first = options.get("<batch_first>")
        if len(before) == 3 and isinstance(first, Const):
            run.sizes.counts_items(before[0 if first.value else 1])
        ways = directions(run, options.get("<bidirectional>"))
        size = size * ways if size is not None and ways is not None else None
    return (*before[:-1], size) if before else None


def convolution(
    run: Interpreter, operation: str, before: Shape | None, options: dict[str, Value], words: str
) -> Shape | None:
    if "<out_channels>" not in options:
        return None
    out = run.sizes.as_size(options["<out_channels>"])
    rank = next((n for kind, n in _DIMENSIONS.items() if kind in words), None)
    if before is None:
        return None
    if rank is not None and len(before) != rank + 2:
        return None
    channels = run.sizes.as_size(options["<in_channels>"]) if "<in_channels>" in options else None
    if len(before) > 2:
        run.sizes.fact(before[1], channels)
    run.sizes.taken_as_batch(before[0])
    spatial = [
        (_conv_size(run, size, options) if operation == "conv" else None) or run.sizes.fresh() for size in before[2:]
    ]
    return (before[0], out, *spatial)


def _conv_size(run: Interpreter, size: Size | None, options: dict[str, Value]) -> Size | None:
    """floor((n + 2·padding - dilation·(kernel - 1) - 1) / stride) + 1, from the documentation of torch.nn.Conv2d."""
    kernel, stride, padding, dilation = (
        axis_of(options.get(f"<{name}>")) for name in ("kernel_size", "stride", "padding", "dilation")
    )
    if size is None or kernel is None or stride is None or padding is None or dilation is None or stride == 0:
        return None
    if stride == 1 and 2 * padding == dilation * (kernel - 1):
        return size
    number = run.sizes.number(size)
    return None if number is None else Size.of((number + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1)


def pooled(run: Interpreter, before: Shape | None, options: dict[str, Value]) -> Shape | None:
    """What pooling over windows leaves: numbers where all of them are known, else sizes that are not."""
    if before is None or len(before) < 3:
        return None
    kernel, stride, padding = (
        axis_of(options.get(name, options.get(f"<{name}>"))) for name in ("kernel_size", "stride", "padding")
    )
    stride, padding = stride or kernel, padding or 0
    sizes: list[Size | None] = []
    for size in before[2:]:
        number = run.sizes.number(size)
        known = number is not None and kernel is not None and stride is not None
        sizes.append(Size.of((number + 2 * padding - kernel) // stride + 1) if known else run.sizes.fresh())  # type: ignore[operator]
    return (*before[:2], *sizes)


def resampled(run: Interpreter, before: Shape | None, options: dict[str, Value]) -> Shape | None:
    if before is None or len(before) < 3:
        return None
    wanted = options.get("size", options.get("<size>"))
    if isinstance(wanted, Sequence) and wanted.exact and len(wanted.items) == len(before) - 2:
        return (*before[:2], *(run.sizes.as_size(item) for item in wanted.items))
    spatial = tuple(run.sizes.fresh() for _ in before[2:])
    run.sizes.taken_as_large(spatial)  # a map that is resampled is not of one pixel
    return (*before[:2], *spatial)


def adaptive(run: Interpreter, before: Shape | None, options: dict[str, Value]) -> Shape | None:
    out = options.get("<output_size>", options.get("output_size"))
    if before is None or len(before) < 3 or out is None:
        return None
    rank = len(before) - 2
    if isinstance(out, Sequence) and out.exact and len(out.items) == rank:
        return (*before[:2], *(run.sizes.as_size(item) for item in out.items))
    return (*before[:2], *(run.sizes.as_size(out) for _ in range(rank)))
