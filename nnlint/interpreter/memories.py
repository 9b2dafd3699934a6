"""Writes into tensors in place: into parameters, and into what the backward pass will read again.

Tensors that share memory have the same `memory`. Each operation that keeps a tensor for its backward pass is watched
under a number of its own; the memory holds these numbers, so that a write knows whom it spoils.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from nnlint.events import WrittenInPlace
from nnlint.finding import Confidence
from nnlint.interpreter import modes
from nnlint.interpreter.intervals import is_counter
from nnlint.interpreter.objects import (
    Const,
    External,
    Frame,
    Instance,
    Obj,
    Sequence,
    SizeValue,
    Tensor,
    Unknown,
    Value,
)
from nnlint.interpreter.parameters import OF, PARAMETER
from nnlint.interpreter.roles import words_of
from nnlint.interpreter.slices import SliceValue
from nnlint.interpreter.wording import text_of
from nnlint.knowledge.memory import KEEPS_INPUT, KEEPS_OUTPUT, KEEPS_OUTPUT_IN_PLACE, NEW_MEMORY, SAME_MEMORY, WRITES
from nnlint.reading import script as ir
from nnlint.source import Place
from nnlint.values import Form

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

MOST_OPERATIONS = 400  # a graph of more is not followed: what it hangs on is a set that grows with each operation
_WITH_WEIGHTS = frozenset({"linear", "conv", "conv_transpose", "norm", "channel_norm"})
_CAST_BY_AUTOCAST = frozenset({"linear", "conv", "conv_transpose", "matmul"})

_WITHOUT_GRADIENTS = frozenset(
    [
        "train",
        "training",
        "eval",
        "evaluate",
        "grad",
        "gradient",
        "gradients",
        "test",
        "inference",
        "infer",
        "inplace",
        "requires",
    ]
)
"""Words in conditions on which something may be written in place."""


class Keeper(NamedTuple):
    """An operation that keeps a tensor for its backward pass."""

    number: int
    place: Place
    call: str


class Memories(Obj):
    """What is kept of each memory, by its number; `autocast` says that copies of other types may be kept instead."""

    __slots__ = ("autocast", "detaches", "of_script", "updated")

    def __init__(self) -> None:
        super().__init__()
        self.autocast = False
        self.of_script = False  # they are those of a script, in which a function has the callers that it has
        self.detaches = False  # parameters may have been cut off in place
        self.updated: Value | None = None  # the tensor that `+=` is about to change


def ran(
    run: Interpreter,
    operation: str,
    value: Value,
    tensor: Tensor,
    result: Tensor,
    options: dict[str, Value],
    node: ir.Node | None,
    frame: Frame,
    layer: Instance | None,
) -> Tensor:
    """The result of an operation, in its memory, after what it wrote and what it keeps."""
    function = _function(node)
    name = (layer.class_name if layer is not None else function).lower()
    flag = options.get("inplace", options.get("<inplace>"))
    asked = run.truth(flag) if flag is not None else False
    in_place = asked or (layer is None and name.endswith("_") and not name.endswith("__"))
    if asked is None or operation == "dropout":
        return result.same(memory=None)
    if in_place and isinstance(value, Tensor):
        written(run, value, _target(node, layer), node, frame)
    plain = name.rstrip("_")
    if in_place or operation in SAME_MEMORY or plain in SAME_MEMORY:
        memory = tensor.memory
    else:
        memory = result.serial if operation in NEW_MEMORY or plain in NEW_MEMORY else None
    if memory != result.memory:
        result = result.same(memory=memory)
    if node is None or not _follows(run, tensor):
        return result
    kept: list[Tensor] = []
    on_graph = is_on_graph(tensor)
    outputs = KEEPS_OUTPUT_IN_PLACE if in_place else KEEPS_OUTPUT
    if on_graph and plain in outputs:
        kept.append(result)
    elif not in_place and ((on_graph and plain in KEEPS_INPUT) or (operation in _WITH_WEIGHTS and layer is not None)):
        kept.append(tensor)
    elif operation in ("matmul", "scale"):
        kept.extend(_factors(operation, tensor, options.get("other"), in_place))
    if run.memories.autocast and operation in _CAST_BY_AUTOCAST:
        return result
    return _kept(run, kept, result, node, frame)


def combined(
    run: Interpreter, left: Value, op: str, right: Value, result: Tensor, node: ir.Node, frame: Frame
) -> Tensor:
    """The result of `left op right`, after what that keeps."""
    in_place = left is run.memories.updated
    memory = left.memory if in_place and isinstance(left, Tensor) else result.serial
    result = result.same(memory=memory)
    if not isinstance(left, Tensor) or op not in ("*", "@", "/", "**") or not _follows(run, result):
        return result
    if op == "**":
        kept = [left] if is_on_graph(left) and not in_place and not _is_one(right) else []
    else:
        kept = _factors("/" if op == "/" else op, left, right, in_place)
    return _kept(run, kept, result, node, frame)


def _is_one(value: Value) -> bool:
    return isinstance(value, Const) and value.value == 1


def _factors(operation: str, left: Tensor, right: Value | None, in_place: bool) -> list[Tensor]:
    """Of a product each factor is kept for the gradient of the other."""
    kept = []
    if isinstance(right, Tensor) and is_on_graph(left):
        kept.append(right)
    if isinstance(right, (Tensor, Unknown)) and is_on_graph(right) and not in_place:
        kept.append(left)
    return kept


def is_on_graph(tensor: Tensor | Unknown) -> bool:
    return bool(tensor.provenance.certain) or tensor.provenance.leaf


def _follows(run: Interpreter, tensor: Tensor) -> bool:
    if run.gradients_enabled is not True or run.freezes or run.rehearsals.on_stage or run.undecided:
        return False
    return len(tensor.provenance.operations) < MOST_OPERATIONS and not run.owned_by_framework()


def _kept(run: Interpreter, kept: list[Tensor], result: Tensor, node: ir.Node, frame: Frame) -> Tensor:
    memories = {str(each.memory) for each in kept if each.memory is not None}
    if not memories:
        return result
    call = text_of(node) if isinstance(node, ir.Expr) else ""
    keeper = Keeper(run.watched.watch(lambda fate: None), run.place(frame, node), call)
    for memory in memories:
        run.store.write(run.memories, memory, (*(run.memories.fields.get(memory) or ()), keeper))
    return result.same(provenance=result.provenance.through(keeper.number))


def updated(run: Interpreter, statement: ir.AugmentedAssign, left: Value, right: Value, frame: Frame) -> Value:
    """What `left op= right` makes of `left`."""
    from nnlint.interpreter.operators import operate

    target = statement.target
    if not isinstance(target, ir.Subscript):  # that is written when it is bound
        written(run, left, text_of(target), statement, frame)
    before, run.memories.updated = run.memories.updated, left
    try:
        return operate(run, statement, left, statement.op, right, frame)
    finally:
        run.memories.updated = before


def called(run: Interpreter, parameter: Unknown, name: str, node: ir.Call | None, frame: Frame) -> None:
    """A method of what may be a parameter."""
    if name == "detach_":
        run.memories.detaches = True
    elif name in WRITES and node is not None and isinstance(node.function, ir.Attribute):
        written(run, parameter, text_of(node.function.value), node, frame)


def written(run: Interpreter, value: Value, target: str, node: ir.Node | None, frame: Frame) -> None:
    """Something is written into a tensor, which the user calls `target`."""
    if node is None or run.gradients_enabled is not True or run.freezes or run.choosing:
        return
    if run.rehearsals.on_stage or run.owned_by_framework():
        return
    if run.undecided and any(words_of(text_of(test)) & _WITHOUT_GRADIENTS for test in run.tests):
        return
    place = run.place(frame, node)
    leaf = _leaf(run, value) if not run.undecided else None
    if leaf is not None:
        run.emit(WrittenInPlace(place=place, target=target, leaf=True, kept_by="", kept=None, confidence=leaf))
        return
    if not isinstance(value, Tensor) or value.memory is None:
        return
    for keeper in run.memories.fields.get(str(value.memory)) or ():
        if not run.watched.was_differentiated(keeper.number):
            _watch(run, keeper, place, target)


def _watch(run: Interpreter, keeper: Keeper, place: Place, target: str) -> None:
    told = WrittenInPlace(place=place, target=target, leaf=False, kept_by=keeper.call, kept=keeper.place)
    watched = run.watched
    watched.watch(lambda fate: told if watched.was_differentiated(keeper.number) else None)


def _leaf(run: Interpreter, value: Value) -> Confidence | None:
    """How sure it is that a value is a parameter, or another leaf, that gets gradients."""
    if isinstance(value, Tensor):
        return Confidence.CERTAIN if value.form is Form.LEAF and value.made_by == "<drawn>" else None
    if not isinstance(value, Unknown) or run.memories.detaches:
        return None
    if not run.memories.of_script and not run.backwards:
        return None
    if PARAMETER in value.lazies:
        return Confidence.CERTAIN if value.provenance.leaf else None
    modules: frozenset[Obj] | None = value.lazies.get(OF)
    if not modules or any(each.fields.get(modes.FROZEN, False) is not False for each in modules):
        return None
    if value.name in ("weight", "bias") and not all(_of_torch(each) for each in modules):
        return None
    return Confidence.CERTAIN if all(isinstance(each, Instance) for each in modules) else Confidence.LIKELY


def _of_torch(module: Obj) -> bool:
    return isinstance(module, Instance) and isinstance(module.cls, External)


def part(tensor: Tensor, key: Value) -> int | None:
    """The memory of `tensor[key]`: its own, unless what is picked by a tensor is copied."""
    keys = key.items if isinstance(key, Sequence) and key.kind == "tuple" else (key,)
    views = all(isinstance(each, (Const, SizeValue, SliceValue)) or is_counter(each) for each in keys)
    return tensor.memory if views else None


def _function(node: ir.Node | None) -> str:
    function = node.function if isinstance(node, ir.Call) else None
    return (
        function.attr if isinstance(function, ir.Attribute) else function.name if isinstance(function, ir.Name) else ""
    )


def _target(node: ir.Node | None, layer: Instance | None) -> str:
    """What the user calls the tensor that a call writes into."""
    if not isinstance(node, ir.Call):
        return ""
    function = node.function
    if layer is None and isinstance(function, ir.Attribute) and function.attr.endswith("_"):
        receiver = text_of(function.value)
        if receiver not in ("torch", "F", "nn.functional", "functional"):
            return receiver
    return text_of(node.arguments[0].value) if node.arguments else ""
