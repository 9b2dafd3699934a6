"""Assignments to names, attributes and parts of containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlint.interpreter import classes, gradients, graphs, memories, misspelt, ownership, telling, tokens
from nnlint.interpreter.expressions import written_to
from nnlint.interpreter.intervals import counter, is_counter
from nnlint.interpreter.objects import (
    ClassValue,
    Const,
    External,
    Frame,
    Instance,
    Mapping,
    Namespace,
    Sequence,
    Tensor,
    Unknown,
    Value,
)
from nnlint.interpreter.subscripts import set_item
from nnlint.interpreter.wording import text_of
from nnlint.reading import script as ir
from nnlint.source import Place
from nnlint.values import Form, Scale

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


def assign(run: Interpreter, statement: ir.Assign, frame: Frame) -> bool:
    value = run.evaluate(statement.value, frame)
    for target in statement.targets:
        if isinstance(target, ir.Attribute):
            run.world.lazies[run.place(frame, target)] = run.place(frame, statement.value), run.place(frame, statement)
        bind(run, target, value, frame)
    return True


def annotated(run: Interpreter, statement: ir.AnnotatedAssign, frame: Frame) -> bool:
    if statement.value is not None:
        value, target = run.place(frame, statement.value), run.place(frame, statement.target)
        run.world.lazies[target] = value, run.place(frame, statement)
        bind(run, statement.target, run.evaluate(statement.value, frame), frame)
    elif isinstance(statement.target, ir.Name) and frame.is_class:
        frame.fields.setdefault("<annotated>", {})[statement.target.name] = None
    if frame.is_class and isinstance(statement.target, ir.Name):
        frame.lazies.setdefault("<annotated>", {})[statement.target.name] = statement.value is not None
    return True


def augmented(run: Interpreter, statement: ir.AugmentedAssign, frame: Frame) -> bool:
    left = run.evaluate(statement.target, frame)
    right = run.evaluate(statement.value, frame)
    if isinstance(left, Sequence) and left.kind == "list" and statement.op == "+":
        known, items = run.elements(right)
        run.store.write(left, "items", left.items + tuple(items))
        if not known:
            run.store.write(left, "exact", False)
        return True
    result = memories.updated(run, statement, left, right, frame)
    result = graphs.added(run, left, statement.op, right, result, statement, frame)
    if is_counter(left) and not run.provenance(right).batches:
        result = counter()
    bind(run, statement.target, result, frame)
    return True


def value_at(run: Interpreter, target: Place) -> tuple[Place, Place] | None:
    """Where the value stands that is assigned to an attribute at this place, and the statement."""
    found: tuple[Place, Place] | None = run.world.lazies.get(target)
    return found


def bind(run: Interpreter, target: ir.Expr, value: Value, frame: Frame) -> None:
    """`target = value`."""
    match target:
        case ir.Name(name=name):
            run.assign_name(name, value, frame)
        case ir.Attribute(value=owner, attr=attr):
            held = run.evaluate(owner, frame)
            set_attribute(run, held, attr, value, target, frame)
            if isinstance(held, Tensor) and attr == "requires_grad" and run.truth(value) is False:
                written_to(run, owner, held.but(form=Form.OTHER), frame)
            elif isinstance(held, Tensor) and attr == "requires_grad" and not held.provenance.certain:
                run.watched.required(held.provenance, run.place(frame, target))
                written_to(run, owner, telling.made_leaf(run, held, None, frame), frame)
        case ir.Subscript(value=container, index=index):
            held = run.evaluate(container, frame)
            key = run.evaluate(index, frame)
            memories.written(run, held, text_of(container), target, frame)
            set_item(run, held, key, value)
            items = tokens.after_writing(run, held, key)
            if not isinstance(held, Mapping):
                run.samples.written(run, value)
            if isinstance(held, Tensor):  # a part of it has other numbers now; raw scores stay raw scores
                scale = held.scale if held.scale is Scale.LOGITS else Scale.UNKNOWN
                provenance = held.provenance | run.provenance(value)
                changed = held.but(scale=scale, provenance=provenance, form=Form.WRITTEN_INTO, tokens=items)
                written_to(run, container, changed, frame)
        case ir.TupleDisplay(elements=elements) | ir.ListDisplay(elements=elements):
            _unpack(run, elements, value, frame)
        case ir.Starred(value=inner):
            bind(run, inner, Sequence("list", (value,), exact=False), frame)


def _unpack(run: Interpreter, targets: tuple[ir.Expr, ...], value: Value, frame: Frame) -> None:
    star = next((i for i, target in enumerate(targets) if isinstance(target, ir.Starred)), None)
    if star is None:
        for target, part in zip(targets, run.unpacked(value, len(targets)), strict=True):
            bind(run, target, part, frame)
        return
    after = len(targets) - star - 1
    known, items = run.elements(value)
    if known and len(items) >= star + after:
        middle = items[star : len(items) - after]
        parts: list[Value] = [*items[:star], Sequence("list", tuple(middle)), *items[len(items) - after :]]
    else:
        parts = [Unknown(provenance=run.provenance(value)) for _ in targets]
        parts[star] = Sequence("list", (), exact=False)
    for index, (target, part) in enumerate(zip(targets, parts, strict=True)):
        bind(run, target.value if index == star and isinstance(target, ir.Starred) else target, part, frame)


def set_attribute(run: Interpreter, owner: Value, name: str, value: Value, node: ir.Node, frame: Frame) -> None:
    """`owner.name = value`."""
    run.chains.stacks.stored(value)
    if name == "grad" and isinstance(value, Const) and value.value is None:
        gradients.cleared_by_hand(run, owner, run.place(frame, node))
    elif name == "grad":
        gradients.filled_by_hand(run, owner, run.place(frame, node))
    elif name == "requires_grad" and isinstance(owner, Unknown):
        truth = run.truth(value)
        gradients.frozen(run, owner, None if truth is None else not truth, run.place(frame, node))
    elif misspelt.is_meant(name):
        misspelt.told(run, owner, name, value, node, frame)
    match owner:
        case Instance():
            if frame.self_value is not owner:
                owner.lazies["<touched>"] = True  # its weights, or parts of it, may be those of another
            if name == "weight" and isinstance(owner.cls, External):
                ownership.loaded(owner)
            classes.set_instance_attribute(run, owner, name, value, node, frame)
        case ClassValue() | Namespace() | Unknown():
            run.store.write(owner, name, value)
            if name == "training":
                run.store.write(owner, "<mode>", value.value if isinstance(value, Const) else None)
        case Mapping():
            set_item(run, owner, Const(name), value)
