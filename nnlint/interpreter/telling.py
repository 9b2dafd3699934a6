"""Tells of tensor operations: those that rules ask about, and those that cut a tensor off its graph."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from nnlint.events import GraphCut, OperationRan
from nnlint.interpreter.objects import Const, Frame, Provenance, Shape, Tensor, Value
from nnlint.interpreter.watched import Fate
from nnlint.interpreter.wording import text_of
from nnlint.reading import script as ir
from nnlint.source import Place
from nnlint.values import TensorFacts

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

TOLD = frozenset({"softmax", "log"})
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
) -> Provenance:
    """Watch an operation on `tensor`; returns the provenance of its output."""
    if node is None or operation not in TOLD:
        return provenance
    dim = options.get("dim")

    def tell(fate: Fate) -> OperationRan:
        return OperationRan(
            place=place,
            operation=operation,
            call=words,
            input=facts_of(tensor),
            sizes=None if shape is None else tuple(None if size is None else str(size) for size in shape),
            dim=dim.value if isinstance(dim, Const) and type(dim.value) is int else None,
            differentiated=fate.differentiated,
            in_forward=in_forward,
        )

    place, in_forward = run.place(frame, node), bool(run.module_stack)
    return provenance.through(run.watched.watch(tell))


def graph_cut(run: Interpreter, value: Tensor, node: ir.Node | None, frame: Frame) -> Provenance:
    """The provenance of a tensor that is cut off its graph by the expression `node`."""
    known = value.provenance
    if node is None or not known.calls or run.gradients_enabled is False:
        return known.detached()
    call = text_of(node) if isinstance(node, ir.Expr) else ""
    if not call.endswith((".item()", ".numpy()", ".tolist()")):
        run.ledger.detached |= known.calls
    tell = partial(_cut, run.place(frame, node), call, facts_of(value), bool(run.module_stack))
    number = run.watched.watch(tell)
    run.ledger.cuts[number] = known.calls
    return known.cut_at(number)


def cut_unseen(run: Interpreter, known: Provenance) -> int:
    """The number of a cut of which nothing is told: of something that may be a tensor."""
    number = run.watched.watch(lambda fate: None)
    run.ledger.cuts[number] = known.calls
    run.ledger.detached |= known.calls
    return number


def _cut(place: Place, call: str, facts: TensorFacts, in_forward: bool, fate: Fate) -> GraphCut:
    return GraphCut(
        place=place,
        call=call,
        input=facts,
        differentiated=fate.differentiated,
        whole=fate.whole,
        in_forward=in_forward,
    )


def facts_of(tensor: Tensor) -> TensorFacts:
    return TensorFacts(tensor.scale, tensor.made_by, tensor.trail)
