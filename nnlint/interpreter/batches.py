"""What a loader or a dataset yields: batches, what they are for, and what their items went through."""

from __future__ import annotations

from collections.abc import Sequence as Sequence_
from typing import TYPE_CHECKING

from nnlint.interpreter.loaders import LOADER
from nnlint.interpreter.objects import (
    Arguments,
    Const,
    Frame,
    Instance,
    Mapping,
    Provenance,
    Sequence,
    SizeValue,
    Tensor,
    Unknown,
    Value,
)
from nnlint.interpreter.roles import Batch, role_of_name
from nnlint.interpreter.sizes import Size
from nnlint.interpreter.splits import split_named, split_of
from nnlint.interpreter.tiny_batches import GIVEN_SIZE
from nnlint.interpreter.tokens import remember, tokens_of
from nnlint.interpreter.transforms import draws, parts, transforms_of
from nnlint.interpreter.wording import text_of
from nnlint.reading import script as ir
from nnlint.values import Role, Split

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

_SPLIT_NAMES = frozenset(
    [
        "split",
        "mode",
        "phase",
        "partition",
        "subset",
        "flag",
        "image_set",
        "set_type",
        "set_name",
        "stage",
        "data_type",
        "usage",
        "dataset_type",
    ]
)
_FLAG_NAMES = frozenset(["train", "is_train", "training", "is_training", "istrain"])


def data_role(run: Interpreter, value: Value, depth: int = 0) -> tuple[Role, bool]:
    """What data are for, and whether that is certain: by how the dataset is made, else by its name."""
    if not isinstance(value, (Instance, Unknown)) or depth > 4:
        return Role.UNKNOWN, False
    told = run.roles.conventions.role_of_data(value.name)
    if told is not None:
        return told, True
    for name, given in _made_with(value).items():
        if name in _FLAG_NAMES and isinstance(given, Const) and isinstance(given.value, bool):
            return (Role.TRAINING if given.value else Role.EVALUATION), True
        if name in _SPLIT_NAMES and isinstance(given, Const) and isinstance(given.value, str):
            role = role_of_name(given.value)
            if role is not Role.UNKNOWN:
                return role, True
    dataset = value.fields.get("dataset")
    if isinstance(dataset, Value) and dataset is not value:
        role, certain = data_role(run, dataset, depth + 1)
        if role is not Role.UNKNOWN:
            return role, certain
    role = role_of_name(value.name)
    if role is Role.UNKNOWN and isinstance(value, Instance):
        role = role_of_name(value.class_name)
    return role, False


def _made_with(value: Instance | Unknown) -> dict[str, Value]:
    if isinstance(value, Instance):
        return {**value.arguments, **{k: v for k, v in value.fields.items() if isinstance(v, Value)}}
    return {}


def data_name(value: Value) -> str:
    return value.name if isinstance(value, (Instance, Unknown)) and value.name else "the data"


def batch_of(run: Interpreter, source: Instance | Unknown, node: ir.Node | None, frame: Frame) -> Value:
    """One element of a loader or dataset."""
    name = data_name(source)
    if isinstance(node, (ir.Name, ir.Attribute)):
        name = text_of(node)
    told = run.roles.conventions.role_of_data(name)
    role, certain = (told, True) if told is not None else data_role(run, source)
    if role is Role.UNKNOWN:
        role = role_of_name(name)
    batch = Batch(name, role, certain, True, source, *_split_of(source, name), serial=source.serial)
    number = run.roles.batch(batch)
    batches = Provenance(batches=frozenset({number}))
    dataset = source.fields.get("dataset")
    owner, held = transforms_of(dataset if LOADER in source.lazies else source)
    _take_transforms(batch, owner, held)
    if isinstance(dataset, Instance) and "<own collation>" not in source.lazies:
        tensors = dataset.fields.get("tensors")
        if isinstance(tensors, Sequence):
            size = _batch_size(run, source, frame)
            items = [_first_of(run, each) for each in tensors.items]
            return Sequence("list", tuple(_collated(run, item, batches, size) for item in items))
        if run.finds_method(dataset, "__getitem__"):
            start, undecided = len(run.applied), run.undecided
            item = run.attempt(
                lambda: run.call(
                    run.attribute(dataset, "__getitem__", None, frame),
                    Arguments((SizeValue(run.sizes.fresh("index")),)),
                    None,
                    frame,
                )
            )
            called = [each.transform for each in run.applied[start:] if each.undecided == undecided]
            _take_transforms(batch, dataset, called)
            return _collated(run, item, batches, _batch_size(run, source, frame))
    return Unknown("batch", provenance=batches)


def _batch_size(run: Interpreter, source: Instance | Unknown, frame: Frame) -> Size:
    """How many items a loader puts into a batch: a number that is not known, or one where it is told no other."""
    if isinstance(source, Instance) and LOADER in source.lazies:
        told = source.lazies.get(GIVEN_SIZE, source)
        if told is None or (isinstance(told, Const) and told.value == 1):
            return Size.of(1)
        size = run.sizes.batch()
        run.tiny_batches.loaded(run, source, size, frame)
        return size
    return run.sizes.batch()


def _take_transforms(batch: Batch, owner: Instance | None, held: Sequence_[Value]) -> None:
    """Take down the random transforms that the items of a dataset go through."""
    if owner is not None:
        batch.dataset = owner
        known = parts(held[0]) if len(held) == 1 else None
        batch.pipeline = tuple(known) if known is not None else None
        batch.random_transforms = tuple(
            (each.class_name, each.made) for value in held for each in draws(value) if each.made is not None
        )


def _split_of(source: Value, name: str) -> tuple[Split, bool]:
    split, certain = split_of(source)
    return (split, certain) if split is not Split.UNKNOWN else (split_named(name), False)


def _first_of(run: Interpreter, value: Value) -> Value:
    from nnlint.interpreter.tensors import as_tensor, index

    return index(run, as_tensor(run, value), Const(0))


def _collated(run: Interpreter, item: Value, batches: Provenance, size: Size) -> Value:
    """What a loader makes of items such as this one: tensors with a batch dimension, in the same tuple, list or
    dict.
    """
    match item:
        case Sequence():
            return Sequence("list", tuple(_collated(run, each, batches, size) for each in item.items), item.exact)
        case Mapping():
            return Mapping(
                {key: _collated(run, each, batches, size) for key, each in item.items.items()}, not item.exact
            )
        case Tensor() if item.shape is not None:
            return Tensor(shape=(size, *item.shape), provenance=batches, tokens=tokens_of(item))
        case Const(value=int() | float()):
            return Tensor(shape=(size,), provenance=batches)
    return remember(Unknown("batch", provenance=batches), tokens_of(item))
