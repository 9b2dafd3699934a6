"""Reductions of class scores over the samples where the classes were meant, by what becomes of their result.

Given scores of [samples, classes], `argmax(0)` gives one number a class. That is what is meant where for each class a
sample is looked for, and is not where the result meets the labels, of which there is one a sample. In the same way a
sum of log-probabilities over the samples is not what is averaged afterwards.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nnlint.events import SamplesReduced
from nnlint.finding import Confidence
from nnlint.interpreter.layer_shapes import axis_of
from nnlint.interpreter.objects import Frame, Reduced, Shape, Tensor, Unknown, Value
from nnlint.interpreter.reductions import says_where
from nnlint.interpreter.wording import text_of
from nnlint.interpreter.written import written
from nnlint.reading import script as ir
from nnlint.source import Place
from nnlint.values import Form, Scale

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

_SCORES = frozenset({Scale.LOGITS, Scale.PROBABILITIES, Scale.LOG_PROBABILITIES})
_KEEP = frozenset({"identity", "detach", "view", "flatten", "squeeze"})


def reduced(
    run: Interpreter,
    operation: str,
    tensor: Tensor,
    result: Tensor,
    options: dict[str, Value],
    node: ir.Node | None,
    frame: Frame,
    words: str,
) -> Tensor:
    """The result of an operation, with what is known of the reduction that it is, or was made of."""
    if node is None:
        return result
    if operation in ("compare", "view") and "other" in options and isinstance(node, ir.Call) and node.arguments:
        texts = [text_of(argument.value) for argument in node.arguments]
        if len(texts) == 1 and isinstance(node.function, ir.Attribute):
            texts.insert(0, text_of(node.function.value))
        met(run, (tensor, options.get("other")), (texts[0], texts[-1]), node, frame)
    if tensor.reduced is not None:
        if operation == "mean" and tensor.form is Form.LOG_TERM and not says_where(options):
            _tell(run, tensor.reduced, "", run.place(frame, node), Confidence.CERTAIN)
        return result.same(reduced=tensor.reduced, form=tensor.form) if operation in _KEEP else result
    shape = run.sizes.shape_of(tensor)
    axis = axis_of(options.get("dim", options.get("axis")))
    if shape is None or axis is None or len(shape) < 2 or not -len(shape) <= axis < len(shape):
        return result
    made = _of_scores if operation in ("argmax", "extreme") else _of_terms if operation == "sum" else None
    found = made(run, tensor, shape, axis % len(shape), run.place(frame, node), words) if made is not None else None
    if found is None:
        return result
    parts = written(run, node, frame)
    if parts is not None:
        found = replace(found, dim=parts.argument("dim") or parts.argument("axis"))
    return result.same(reduced=found, form=tensor.form if operation == "sum" else result.form)


def _of_scores(run: Interpreter, tensor: Tensor, shape: Shape, axis: int, place: Place, words: str) -> Reduced | None:
    """`scores.argmax(0)`, of what a whole network returned."""
    over = shape[axis]
    if over is None or tensor.scale not in _SCORES or not tensor.provenance.outputs or run.module_stack:
        return None
    if tensor.dim is not None and tensor.dim % len(shape) == axis:
        return None  # the softmax was taken over it already
    return Reduced(place, words, shape, over, proven=run.sizes.batch_dimension(shape) == axis)


def _of_terms(run: Interpreter, tensor: Tensor, shape: Shape, axis: int, place: Place, words: str) -> Reduced | None:
    """`(targets * log_probabilities).sum(0)`, where the softmax was taken over the other dimension."""
    over = shape[axis]
    if over is None or tensor.form is not Form.LOG_TERM or len(shape) != 2 or tensor.dim is None:
        return None
    return Reduced(place, words, shape, over, proven=True) if axis == 0 and tensor.dim % 2 == 1 else None


def met(
    run: Interpreter, values: tuple[Value | None, ...], called: tuple[str, ...], node: ir.Node, frame: Frame
) -> None:
    """Values are compared, or paired, one by one; `called` is what the user calls them."""
    for value in values:
        if not isinstance(value, Tensor) or value.reduced is None or value.scale is not Scale.CLASS_INDICES:
            continue
        for other, words in zip(values, called, strict=True):
            confidence = None if other is value else _is_one_a_sample(run, value.reduced, other)
            if confidence is not None:
                _tell(run, value.reduced, words, run.place(frame, node), confidence)


def _is_one_a_sample(run: Interpreter, of: Reduced, other: Value | None) -> Confidence | None:
    """How sure it is that something holds one number for each of the samples that were reduced."""
    if not isinstance(other, (Tensor, Unknown)) or run.provenance(other).outputs:
        return None
    shape = run.sizes.shape_of(other)
    if shape is None:
        return Confidence.LIKELY if of.proven and run.provenance(other).batches else None
    if len(shape) != 1 or shape[0] is None:
        return None
    left = next((size for size in of.sizes if size is not of.over), None)
    count, samples = run.sizes.resolved(shape[0]), run.sizes.resolved(of.over)
    if len(of.sizes) == 2 and left is not None and run.sizes.resolved(left) == count:
        return None
    return Confidence.CERTAIN if count == samples else None


def _tell(run: Interpreter, of: Reduced, labels: str, used: Place, confidence: Confidence) -> None:
    sizes = tuple(run.sizes.text(size) for size in of.sizes)
    told = SamplesReduced(place=of.place, call=of.call, sizes=sizes, labels=labels, used=used, confidence=confidence)
    run.emit(replace(told, dim=of.dim))
