"""One layer at several depths of a network: lists that repeat it, and layers that run on what they made themselves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from nnlint.events import LayerReused
from nnlint.interpreter import building, modes
from nnlint.interpreter.objects import Arguments, Const, External, Frame, Instance, Provenance, Sequence, Tensor, Value
from nnlint.interpreter.provenance import mark
from nnlint.interpreter.tensors import as_tensor
from nnlint.interpreter.wording import text_of
from nnlint.knowledge.layers import BATCH_NORMS
from nnlint.reading import script as ir
from nnlint.source import Place
from nnlint.values import Scale

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

_REPEATED, _OUTPUTS = "<repeated>", "<outputs>"
_SHARING = re.compile(r"shar|tied|tying|recur|universal|siam|albert|same", re.IGNORECASE)


class _Repetition(NamedTuple):
    place: Place
    called: str
    said: bool
    element: Place | None = None
    builds: bool = False
    times: Place | None = None


class _Output(NamedTuple):
    number: int  # among the watched operations
    forward: int | None
    place: Place
    feeder: str


def multiplied(run: Interpreter, node: ir.Binary, left: Value, right: Value, frame: Frame) -> None:
    """`[layer] * n`."""
    if isinstance(right, Const) and isinstance(right.value, int) and right.value < 2:
        return
    if isinstance(left, Sequence):
        text = text_of(node.left.elements[0]) if isinstance(node.left, ir.ListDisplay) and node.left.elements else ""
        element = node.left.elements[0] if isinstance(node.left, ir.ListDisplay) and len(left.items) == 1 else None
        for each in left.items:
            _repeat(run, each, run.place(frame, node), text, frame, element, node.right)


def appended(run: Interpreter, sequence: Sequence, value: Value, frame: Frame) -> None:
    """A list gets an element; the pass of a loop before gave it the same."""
    if isinstance(value, Instance) and value.made is not None and any(value is each for each in sequence.items):
        _repeat(run, value, value.made, value.name, frame)


def listed(run: Interpreter, expr: ir.Comprehension, value: Value, frame: Frame) -> None:
    """`[layer for _ in range(n)]`."""
    if isinstance(expr.element, ir.Name) and isinstance(value, Instance):
        name = expr.element.name
        if not any(name in _bound(clause.target) for clause in expr.clauses):
            _repeat(run, value, run.place(frame, expr.element), name, frame, expr.element)


def _bound(target: ir.Expr) -> set[str]:
    match target:
        case ir.Name(name=name):
            return {name}
        case ir.TupleDisplay(elements=elements) | ir.ListDisplay(elements=elements):
            return {name for element in elements for name in _bound(element)}
    return set()


def _repeat(
    run: Interpreter,
    value: Value,
    place: Place,
    called: str,
    frame: Frame,
    element: ir.Expr | None = None,
    count: ir.Expr | None = None,
) -> None:
    if isinstance(value, Instance) and modes.is_module(value) and building.has_weights(value):
        names = [called, value.name, frame.name, value.class_name]
        if isinstance(frame.self_value, Instance):
            names.append(frame.self_value.class_name)
        said = any(_SHARING.search(name) for name in names)
        repetition = _Repetition(
            place,
            called or value.name or value.class_name,
            said,
            run.place(frame, element) if element is not None else None,
            isinstance(element, ir.Call),
            run.place(frame, count) if count is not None else None,
        )
        value.lazies.setdefault(_REPEATED, repetition)


def is_followed(module: Instance) -> bool:
    """Whether it matters on what a layer runs: it is repeated, or it has statistics of its own."""
    return _REPEATED in module.lazies or _is_norm(module)


def _is_norm(module: Instance) -> bool:
    return isinstance(module.cls, External) and module.cls.dotted in BATCH_NORMS


def ran(
    run: Interpreter, module: Instance, arguments: Arguments, result: Value, node: ir.Call | None, frame: Frame
) -> Value:
    """A layer that is followed ran: tell if it was on its own output, and number this one."""
    if node is None or module.made is None or run.gradients_enabled is False:
        return result
    place = run.place(frame, node)
    outputs: tuple[_Output, ...] = module.fields.get(_OUTPUTS) or ()
    repetition: _Repetition | None = module.lazies.get(_REPEATED)
    made_of = run.provenance_of(arguments).operations
    feeder = _feeder(run, arguments)
    earlier = [each for each in outputs if each.number in made_of and each.forward == run.forward]
    if repetition is None:
        earlier = [each for each in earlier if each.place != place]
    if earlier:
        feeders = tuple(dict.fromkeys(text for text in (earlier[0].feeder, feeder) if text))
        run.emit(
            LayerReused(
                place=place,
                layer=building.layer_of(module, module.made),
                called=repetition.called if repetition else module.name,
                repeated=repetition.place if repetition else None,
                feeders=feeders,
                is_norm=_is_norm(module),
                said=repetition.said if repetition else bool(_SHARING.search(module.name)),
                element=repetition.element if repetition else None,
                builds=repetition is not None and repetition.builds,
                count=repetition.times if repetition else None,
            )
        )
    number = run.watched.watch(lambda fate: None)
    run.store.write(module, _OUTPUTS, (*outputs, _Output(number, run.forward, place, feeder)))
    return mark(run, result, Provenance(operations=frozenset({number})))


def _feeder(run: Interpreter, arguments: Arguments) -> str:
    """The linear map or convolution that made the input, where nothing came between."""
    value = arguments.positional[0] if arguments.positional else None
    tensor = as_tensor(run, value) if value is not None else Tensor()
    return tensor.made_by if tensor.scale is Scale.LOGITS else ""
