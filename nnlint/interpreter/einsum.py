"""`torch.einsum` and `einops.rearrange`: axes are named, so shapes can be followed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nnlint.events import PatternApplied
from nnlint.interpreter import tensors
from nnlint.interpreter.objects import Arguments, Const, Frame, Sequence, Shape, Tensor, Unknown, Value
from nnlint.interpreter.sizes import Size
from nnlint.knowledge.einops import problem
from nnlint.reading import script as ir
from nnlint.values import Scale

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


def einsum(run: Interpreter, arguments: Arguments) -> Value:
    """The letters of the equation carry the sizes."""
    equation = arguments.positional[0] if arguments.positional else None
    operands = [tensors.as_tensor(run, value) for value in arguments.positional[1:]]
    for value in arguments.positional[1:]:
        run.used(value)
    provenance = run.provenance_of(arguments)
    if run.gradients_enabled is False:
        provenance = provenance.detached()
    attended = bool(operands) and any(operand.scale is Scale.PROBABILITIES for operand in operands)
    shape: Shape | None = None
    if (
        isinstance(equation, Const)
        and isinstance(equation.value, str)
        and "->" in equation.value
        and "." not in equation.value
    ):
        inputs, _, output = equation.value.replace(" ", "").partition("->")
        sizes: dict[str, Size | None] = {}
        for letters, operand in zip(inputs.split(","), operands):  # noqa: B905 (a list of operands is not followed)
            if operand.shape is not None and len(operand.shape) == len(letters):
                for letter, size in zip(letters, operand.shape, strict=True):
                    sizes[letter] = sizes.get(letter) or size
        shape = tuple(sizes.get(letter) for letter in output)
    return Tensor(shape=shape, provenance=provenance, attended=attended)


_AXES = re.compile(r"\(([^)]*)\)|(\S+)")


def rearrange(run: Interpreter, arguments: Arguments) -> Value:
    """`rearrange(x, 'b h t d -> b t (h d)')`."""
    value = arguments.get(0, "tensor") or Unknown()
    pattern = arguments.get(1, "pattern")
    run.used(value)
    tensor = tensors.as_tensor(run, value)
    if tensor.biased is not None:
        run.consumed(tensor.biased)
    result = tensor.but(shape=None, biased=None, attended=False)
    if (
        not isinstance(pattern, Const)
        or not isinstance(pattern.value, str)
        or "..." in pattern.value
        or isinstance(value, Sequence)
    ):
        return result
    left, _, right = pattern.value.partition("->")
    sizes: dict[str, Size | None] = {}
    for name, given in arguments.keywords.items():
        sizes[name] = run.sizes.as_size(given)
    groups = [(inner or single).split() for inner, single in _AXES.findall(left)]
    if tensor.shape is not None and len(tensor.shape) == len(groups):
        for names, size in zip(groups, tensor.shape, strict=True):
            unknown = [name for name in names if name not in sizes]
            if len(unknown) == 1 and size is not None:
                for name in names:
                    known = sizes.get(name)
                    size = size // known if known is not None and size is not None else size
                sizes[unknown[0]] = size
    shape: list[Size | None] = []
    for inner, single in _AXES.findall(right):
        product: Size | None = Size.of(1)
        for name in (inner or single).split():
            size = Size.of(1) if name == "1" else sizes.setdefault(name, run.sizes.fresh(name))
            product = product * size if product is not None and size is not None else None
        shape.append(product)
    return result.but(shape=tuple(shape))


def pattern_applied(run: Interpreter, function: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> None:
    """A pattern of einops is looked at before it is used, which its function may do to no end."""
    pattern = arguments.get(1, "pattern")
    if node is None or arguments.loose or not isinstance(pattern, Const) or not isinstance(pattern.value, str):
        return
    sizes = [name for name in arguments.keywords if name not in ("tensor", "pattern", "reduction")]
    run.emit(
        PatternApplied(
            place=run.place(frame, node),
            function=function,
            pattern=pattern.value,
            problem=problem(function, pattern.value, sizes),
        )
    )
