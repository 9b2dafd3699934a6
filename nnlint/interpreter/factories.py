"""Functions that make a tensor of nothing, or of what is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlint.interpreter import telling
from nnlint.interpreter.masks import POSITIONS
from nnlint.interpreter.objects import NO_PROVENANCE, Arguments, Const, Frame, Sequence, Shape, Tensor, Value
from nnlint.interpreter.tokens import tokens_of
from nnlint.interpreter.wording import text_of
from nnlint.knowledge.operations import SIZED_FACTORIES, TENSOR_CASTS
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


def made(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    """`torch.zeros(3, 4)`."""
    provenance = NO_PROVENANCE
    for each in arguments.all():
        run.used(each)
        provenance = provenance | run.provenance(each).detached()
    shape = None if arguments.loose else _made_shape(run, dotted, arguments)
    drawn = dotted.rpartition(".")[2] in ("rand", "randn", "randint", "zeros", "ones", "empty")
    made = Tensor(
        shape=shape,
        provenance=provenance,
        made_by="<drawn>" if drawn else POSITIONS if dotted == "torch.arange" else "",
        memory=run.youngest(),
    )
    if dotted in ("torch.from_numpy", "torch.LongTensor", "torch.Tensor") and arguments.positional:
        made = made.but(tokens=tokens_of(arguments.positional[0]))
    return leaf_if_asked(run, arguments, made, node, frame)


def leaf_if_asked(run: Interpreter, arguments: Arguments, tensor: Tensor, node: ir.Node | None, frame: Frame) -> Tensor:
    flag = arguments.keywords.get("requires_grad")
    if flag is None or run.truth(flag) is False:
        return tensor
    return telling.made_leaf(run, tensor, node, frame, is_start=_is_start(arguments, node))


def _is_start(arguments: Arguments, node: ir.Node | None) -> bool:
    """Whether a parameter starts with the numbers: they are drawn, or written out. From 0 on, losses are summed."""
    if isinstance(node, ir.Call) and text_of(node.function).rpartition(".")[2] in ("rand", "randn"):
        return True
    given = arguments.positional[:1]
    return any(isinstance(each, Const) and isinstance(each.value, int | float) and each.value != 0 for each in given)


def _made_shape(run: Interpreter, dotted: str, arguments: Arguments) -> Shape | None:
    """The shape of what a factory makes."""
    given = arguments.positional
    if dotted in SIZED_FACTORIES:
        return run.sizes.sizes_from(run, given)
    if dotted == "torch.randperm":
        return (run.sizes.samples(run.sizes.as_size(given[0]) if given else None),)
    if dotted == "torch.arange":
        return (run.sizes.as_size(given[0]) if len(given) == 1 else None,)
    if dotted == "torch.randint":
        size = arguments.keywords.get("size") or (given[-1] if given else None)
        return run.sizes.sizes_from_items(size) if isinstance(size, Sequence) else None
    if (dotted in TENSOR_CASTS and len(given) == 1) or (dotted.endswith("_like") and given):
        return run.sizes.shape_of(given[0])
    return None
