"""Parts of a container, read and written."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from nnlint.interpreter import container_methods, masks, modes, samples, tensors, tokens
from nnlint.interpreter.hyperparameters import group_written
from nnlint.interpreter.joins import either
from nnlint.interpreter.objects import (
    FACTORY,
    SINCE,
    Arguments,
    Const,
    Frame,
    Instance,
    Mapping,
    Perhaps,
    Sequence,
    ShapeOf,
    Tensor,
    Union,
    Unknown,
    Value,
)
from nnlint.interpreter.slices import SliceValue
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


def subscript(run: Interpreter, expr: ir.Subscript, frame: Frame) -> Value:
    value, index = run.evaluate(expr.value, frame), run.evaluate(expr.index, frame)
    return samples.indexed(run, value, index, item(run, value, index, expr, frame), expr, frame)


def item(run: Interpreter, value: Value, index: Value, expr: ir.Subscript | None, frame: Frame) -> Value:
    """`value[index]`."""
    match value, index:
        case Union(), _:
            return either([item(run, each, index, expr, frame) for each in value.alternatives])
        case Sequence(), Const(value=int(i)) if value.exact or i in (0, -1):
            if -len(value.items) <= i < len(value.items):
                found = value.items[i]
                return found.value if isinstance(found, Perhaps) else found
            return Unknown()
        case Sequence(), SliceValue():
            return index.of(value)
        case Sequence(), _:
            return _any_of(run, value, value.items)
        case Mapping(), Const():
            if index.value.__hash__ is not None and index.value in value.items:
                run.name_value(value.items[index.value], str(index.value))
                return value.items[index.value]
            factory = value.lazies.get(FACTORY)
            if factory is not None and index.value.__hash__ is not None:
                made = run.call(factory, Arguments(), None, frame)
                if isinstance(made, Sequence):
                    made.lazies[SINCE] = value.serial
                    set_item(run, value, index, made)
                    return made
            return run.child(value, f"[{index.value!r}]")
        case Mapping(), Union() if all(isinstance(key, Const) for key in index.alternatives):
            return run.join_all([item(run, value, key, expr, frame) for key in index.alternatives])
        case Mapping(), _:
            return _any_of(run, value, tuple(value.items.values())) if value.items and value.exact else Unknown()
        case Tensor(), _:
            if isinstance(index, SliceValue) and not index.is_full and value.shape is not None:
                run.sizes.cut.append(value.shape)
            run.orders.picked(run, value, index, expr, frame)
            return tensors.index(run, value, index)
        case ShapeOf(), Const(value=int(i)):
            return run.sizes.size_of(value.of, i)
        case Instance(), _:
            return instance_item(run, value, index, expr, frame)
        case Unknown(), Const():
            return run.child(value, f"[{index.value!r}]", run.provenance(value))
        case Unknown(), Tensor(made_by=tensors.PERMUTATION):
            sorted_ = Unknown(value.name, run.provenance(value))
            run.sizes.same_shape(value, sorted_)
            return sorted_
        case _:
            part = masks.remember(Unknown(provenance=run.provenance(value)), masks.marks_of(value))
            return tokens.remember(part, tokens.part(run, value, index)) if isinstance(value, Unknown) else part


def _any_of(run: Interpreter, container: Sequence | Mapping, items: tuple[Value, ...]) -> Value:
    """One element, whichever; joined once as long as the elements stay the same."""
    known, joined = container.lazies.get("<any>", ((), None))
    if len(known) != len(items) or any(map(operator.is_not, known, items)) or joined is None:
        plain = [each.value if isinstance(each, Perhaps) else each for each in items]
        joined = run.join_all(plain) if plain else Unknown()
        if isinstance(joined, Unknown):
            joined.age = min(joined.age, container.age)
        container.lazies["<any>"] = items, joined
    value: Value = joined
    return value


def instance_item(run: Interpreter, value: Instance, index: Value, expr: ir.Subscript | None, frame: Frame) -> Value:
    items = value.fields.get(modes.ITEMS)
    if isinstance(items, (Sequence, Mapping)):
        return item(run, items, index, expr, frame)
    if run.finds_method(value, "__getitem__"):
        return run.call(run.attribute(value, "__getitem__", None, frame), Arguments((index,)), None, frame)
    return run.child(value, f"[{index.value!r}]") if isinstance(index, Const) else Unknown()


def slice_(run: Interpreter, expr: ir.Slice, frame: Frame) -> Value:
    parts = [run.evaluate(part, frame) if part is not None else None for part in (expr.lower, expr.upper, expr.step)]
    return SliceValue(*parts)


def set_item(run: Interpreter, container: Value, index: Value, value: Value) -> None:
    match container, index:
        case Mapping(), Const(value=key) if key.__hash__ is not None:
            group_written(container, key)
            container_methods.put(run, container, key, value)
        case Mapping(), _:
            # an element under a name that is not known: keep it, one of several
            merged = {**container.items, f"<{type(index).__name__}>": value}
            run.store.write(container, "items", merged)
            run.store.write(container, "others", True)
        case Sequence(), Const(value=int(i)) if container.exact and -len(container.items) <= i < len(container.items):
            items = list(container.items)
            items[i] = value
            run.store.write(container, "items", tuple(items))
        case Sequence(), _:
            run.store.write(container, "exact", False)
        case Instance(), _:
            set_instance_item(run, container, index, value)
        case Unknown(), Const(value=key):
            run.store.write(container, f"[{key!r}]", value)
    run.escaped(value) if isinstance(container, Unknown) else None


def set_instance_item(run: Interpreter, value: Instance, index: Value, item: Value) -> None:
    items = value.fields.get(modes.ITEMS)
    if isinstance(items, (Mapping, Sequence)):
        set_item(run, items, index, item)
    elif isinstance(index, Const):
        run.store.write(value, f"[{index.value!r}]", item)
