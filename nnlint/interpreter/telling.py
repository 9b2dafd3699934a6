"""Tells of tensor operations: those that rules ask about, and those that cut a tensor off its graph."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from nnlint.events import Broadcasted, GraphCut, OperationRan, ResultDiscarded, Thresholded
from nnlint.interpreter.dependence import LEAF
from nnlint.interpreter.makers import only
from nnlint.interpreter.objects import NUMBERS, Const, Frame, Provenance, Shape, Tensor, Value
from nnlint.interpreter.sizes import Size
from nnlint.interpreter.watched import Fate
from nnlint.interpreter.wording import text_of
from nnlint.interpreter.written import assignable, nested, written
from nnlint.reading import script as ir
from nnlint.source import Place
from nnlint.values import Form, Scale, TensorFacts

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

TOLD = frozenset({"softmax", "log_softmax", "log", "sqrt", "pow", "clamp", "squeeze"})
"""The operations that rules ask about."""


def operation_ran(
    run: Interpreter,
    operation: str,
    tensor: Tensor,
    shape: Shape | None,
    options: dict[str, Value],
    provenance: Provenance,
    node: ir.Node | None,
    frame: Frame,
    words: str,
    made: Place | None,
) -> Provenance:
    """Watch an operation on `tensor`; returns the provenance of its output."""
    if node is None or operation not in TOLD or tensor.made_by == NUMBERS:
        return provenance
    told = OperationRan(
        place=run.place(frame, node),
        operation=operation,
        call=words,
        layer_made=made,
        input=facts_of(tensor),
        options={
            name: value.value if isinstance(value, Const) else None
            for name, value in options.items()
            if name.isidentifier()
        },
        sizes=None if shape is None else tuple(_size_text(run, size) for size in shape),
        batch=_batch_dimension(run, tensor, shape),
        loaded=run.sizes.is_loaded(shape),
        differentiated=False,
        in_forward=bool(run.module_stack),
        of_network=bool(tensor.provenance.outputs) and not run.module_stack,
        added_back=False,
        written=nested(run, node, frame) if made is None else (),
        single=run.sizes.number(shape[-1] if shape else run.sizes.made_axis(tensor, -1)) == 1,
    )
    number = run.watched.watch(partial(_ran, told))
    return provenance if provenance.cuts and not provenance.calls else provenance.through(number)


def _batch_dimension(run: Interpreter, tensor: Tensor, shape: Shape | None) -> int | None:
    known = run.sizes.batch_dimension(shape)
    if known is None and tensor.provenance.outputs and not run.module_stack and shape is not None and len(shape) > 1:
        return 0 if tensor.scale is Scale.LOGITS else None  # class scores as a whole network returns them
    return known


def _ran(told: OperationRan, fate: Fate) -> OperationRan:
    return replace(told, differentiated=fate.differentiated, added_back=fate.added_back)


def _size_text(run: Interpreter, size: Size | None) -> str | None:
    if size is None:
        return None
    number = run.sizes.number(size)
    return str(size) if number is None else str(number)


_FOR_THEIR_EFFECT = frozenset({"item", "tolist", "numpy", "register_hook", "retain_grad", "data_ptr", "apply_", "map_"})


def discarded(run: Interpreter, call: ir.Call, operation: str, options: dict[str, Value], frame: Frame) -> None:
    """An operation was a statement of its own: told of where it has no effect but its result."""
    function = call.function
    name = (
        function.attr if isinstance(function, ir.Attribute) else function.name if isinstance(function, ir.Name) else ""
    )
    receiver = function.value if isinstance(function, ir.Attribute) else None
    if isinstance(receiver, ir.Call) and getattr(receiver.function, "attr", "").endswith("_"):
        return  # `x.copy_(y).view_as(z)`: what was meant is done
    inplace = options.get("inplace")
    changes = "out" in options or (inplace is not None and run.truth(inplace) is not False)
    if not name or name.endswith("_") or name in _FOR_THEIR_EFFECT or changes:
        return
    moves = operation == "identity" and name in ("to", "cuda", "cpu", "float", "half", "double", "long", "type")
    target = assignable(run, call, frame)
    run.emit(
        ResultDiscarded(place=run.place(frame, call), call=text_of(call), operation=name, moves=moves, target=target)
    )


def graph_cut(
    run: Interpreter, value: Tensor, operation: str, node: ir.Node | None, frame: Frame, several: bool = False
) -> Provenance:
    """The provenance of a tensor, or of `several`, that is cut off its graph by the expression `node`."""
    known = value.provenance
    if node is None or not known.calls or run.gradients_enabled is False:
        return known.detached()
    told = replace(_told_cut(run, value, operation, node, frame), several=several)
    if operation == "detach" and not told.call.endswith((".item()", ".numpy()", ".tolist()")):
        run.ledger.detached |= known.calls
    number = run.watched.watch(partial(_cut_off, run, known, told), of_loss=value.form is Form.LOSS)
    run.ledger.cuts[number] = known.calls
    return known.cut_at(number)


def cut_unseen(run: Interpreter, known: Provenance) -> int:
    """The number of a cut of which nothing is told: of something that may be a tensor."""
    number = run.watched.watch(lambda fate: None)
    run.ledger.cuts[number] = known.calls
    run.ledger.detached |= known.calls
    return number


def made_leaf(run: Interpreter, tensor: Tensor, node: ir.Node | None, frame: Frame, is_start: bool = False) -> Tensor:
    """A tensor that gets gradients itself from now on; what it was made of gets none through it.

    `backward` on the leaf itself reaches nothing, whatever it was made of. Of a loss it says nothing more, and a
    number may become one, unless it is known to be where a parameter starts.
    """
    provenance = tensor.provenance
    if node is not None and not provenance.cuts:
        told = _told_cut(run, tensor, "detach", node, frame)
        provenance = provenance.cut_at(run.watched.watch(partial(_cut, told)))
    if tensor.form is not Form.LOSS and (tensor.shape != () or is_start) and not run.watched.was_a_loss(provenance):
        provenance = provenance | LEAF
    return tensor.but(provenance=provenance, form=Form.LEAF)


def _told_cut(run: Interpreter, value: Tensor, operation: str, node: ir.Node, frame: Frame) -> GraphCut:
    return GraphCut(
        place=run.place(frame, node),
        operation=operation,
        call=text_of(node) if isinstance(node, ir.Expr) else "",
        input=facts_of(value),
        differentiated=False,
        whole=False,
        backward=None,
        in_forward=bool(run.module_stack),
        written=written(run, node, frame),
    )


def _cut(told: GraphCut, fate: Fate) -> GraphCut:
    required = tuple(dict.fromkeys(fate.required))
    return replace(
        told, differentiated=fate.differentiated, whole=fate.whole, backward=fate.backward, required=required
    )


def _cut_off(run: Interpreter, known: Provenance, told: GraphCut, fate: Fate) -> GraphCut:
    return replace(_cut(told, fate), starved=run.starvation.starved(run, known) if fate.differentiated else ())


def thresholded(run: Interpreter, tensor: Tensor, threshold: float | None, node: ir.Expr, frame: Frame) -> None:
    """Raw scores are compared or rounded; told of when their network turns out to be trained with a logit loss."""
    modules = run.roles.modules_of(tensor.provenance.outputs)
    if tensor.scale is not Scale.LOGITS or tensor.form is Form.WRITTEN_INTO or not modules:
        return
    place, call, facts = run.place(frame, node), text_of(node), facts_of(tensor)
    scores, bound = _compared_with(run, node, frame)

    def tell(_: Fate) -> Thresholded | None:
        loss = next((run.logit_losses[module] for module in modules if module in run.logit_losses), None)
        if loss is None:
            return None
        return Thresholded(
            place=place, call=call, input=facts, threshold=threshold, trained_by=loss, scores=scores, bound=bound
        )

    run.watched.watch(tell)


def _compared_with(run: Interpreter, node: ir.Expr, frame: Frame) -> tuple[Place | None, Place | None]:
    """Where the scores stand in a comparison or a call, and the number, if it is one, that they are compared with."""
    match node:
        case ir.Compare(left=left, comparators=(right,)):
            bound = run.place(frame, right) if isinstance(right, ir.Constant) else None
            return run.place(frame, left), bound
        case ir.Call():
            parts = written(run, node, frame)
            return parts.operand if parts is not None else None, None
    return None, None


def difference_taken(
    run: Interpreter, left: Value, right: Value, found: Provenance, node: ir.Node, frame: Frame
) -> Provenance:
    """`left - right`: watched where one is [N, 1] and the other [N]."""
    sizes = crossed(run, left, right)
    if sizes is None:
        return found
    call = text_of(node) if isinstance(node, ir.Expr) else ""
    column = (node.left if len(sizes[0]) == 2 else node.right) if isinstance(node, ir.Binary) else None
    told = Broadcasted(
        place=run.place(frame, node),
        call=call,
        sizes=sizes,
        differentiated=False,
        column=run.place(frame, column) if column is not None else None,
    )
    return found.through(run.watched.watch(lambda fate: replace(told, differentiated=fate.differentiated)))


def crossed(run: Interpreter, left: Value, right: Value) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The sizes of two tensors of which one is [N, 1] and the other [N]: elementwise operations give [N, N]."""
    shapes = [run.sizes.shape_of(side) for side in (left, right)]
    if any(shape is None or None in shape for shape in shapes):
        return None
    first, second = ([run.sizes.resolved(size) for size in shape or () if size is not None] for shape in shapes)
    column, row = (first, second) if len(first) == 2 else (second, first)
    if len(column) != 2 or len(row) != 1 or column[1] != Size.of(1) or column[0] != row[0] or row[0] == Size.of(1):
        return None
    return tuple(map(str, first)), tuple(map(str, second))


def facts_of(tensor: Tensor) -> TensorFacts:
    rank = len(tensor.shape) if tensor.shape is not None else None
    return TensorFacts(
        tensor.scale, tensor.made_by, tensor.trail, tensor.form, tensor.guarded, only(tensor.makers), rank
    )
