"""The structure of a network, and the modes of what is in it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from nnlint.interpreter.joins import EITHER
from nnlint.interpreter.objects import (
    Children,
    ClassValue,
    Const,
    External,
    Frame,
    Function,
    Instance,
    Mapping,
    Obj,
    Perhaps,
    Unknown,
    Value,
)
from nnlint.interpreter.parameters import PARAMETER
from nnlint.knowledge.layers import CONTAINERS, LAYERS, MODULE_BASES, RATE_OF_MODE, WRAPPERS
from nnlint.knowledge.losses import LOSS_CLASSES
from nnlint.knowledge.networks import network_mode
from nnlint.source import Place

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


MODE, MODE_PLACE, MODE_TIME, EVAL_PLACE, ITEMS = "<mode>", "<mode place>", "<mode time>", "<eval place>", "<items>"


FROZEN = "<frozen>"


PARAMETRIC = frozenset(
    {"linear", "conv", "conv_transpose", "channel_norm", "embedding", "recurrent", "recurrent_cell", "attention"}
)


@lru_cache(maxsize=10_000)
def is_module_name(dotted: str) -> bool:
    """Whether a class of another package makes networks."""
    return (
        dotted in LAYERS
        or dotted in CONTAINERS
        or dotted in LOSS_CLASSES
        or dotted in WRAPPERS
        or dotted in MODULE_BASES
        or (
            dotted.startswith("torch.nn.")
            and dotted.rpartition(".")[2][:1].isupper()
            and dotted != "torch.nn.Parameter"
        )
        or network_mode(dotted) is not None
    )


def is_module(value: Value) -> bool:
    from nnlint.interpreter.classes import is_module_class

    return isinstance(value, Instance) and is_module_class(value.cls)


def children(instance: Instance) -> tuple[Value, ...]:
    """The modules that are registered directly under one, and what may be such."""
    known = instance.children
    if known is None or not known.hold():
        known = instance.children = _children(instance)
    return known.found


def _children(instance: Instance) -> Children:
    seen: list[Value] = []
    containers: list[tuple[Obj, object]] = []
    silent: list[Unknown] = []
    for name, value in instance.fields.items():
        if name == ITEMS:
            containers.append((value, value.fields["items"]))
            items = value.items.values() if isinstance(value, Mapping) else value.items
            candidates = [item.value if isinstance(item, Perhaps) else item for item in items]
        elif name.startswith("<"):
            continue
        else:
            candidates = [value]
        for each in candidates:
            for child in each.alternatives if hasattr(each, "alternatives") else (each,):
                if isinstance(child, Unknown):
                    is_child = "<called>" in child.lazies
                    if not is_child:
                        silent.append(child)
                else:
                    is_child = is_module(child)
                if is_child and not any(child is s for s in seen):
                    seen.append(child)
    return Children(tuple(seen), containers, silent)


def descendants(value: Value, deepest: int = 12) -> list[Value]:
    """A module and all below it, each once."""
    found: list[Value] = []
    seen: set[int] = set()
    waiting = [(value, 0)]
    while waiting:
        module, depth = waiting.pop()
        if id(module) in seen:
            continue
        seen.add(id(module))
        found.append(module)
        if depth < deepest and isinstance(module, Instance):
            waiting += [(child, depth + 1) for child in reversed(children(module))]
    return found


def is_network(value: Value) -> bool:
    """Whether a module holds parameters, or may: a loss or a transform does not."""
    for each in descendants(value):
        if isinstance(each, Unknown):
            return True
        if isinstance(each, Instance):
            if isinstance(each.cls, External):
                info = LAYERS.get(each.cls.dotted)
                if (info is not None and info.operation in PARAMETRIC | {"opaque", "same_shape"}) or network_mode(
                    each.cls.dotted
                ) is not None:
                    return True
            if any(isinstance(f, Unknown) and PARAMETER in f.lazies for f in each.fields.values()):
                return True
    return False


def mode_layers(value: Value) -> tuple[str, ...] | None:
    """The layers of a network that have a mode, in the user's words; None when it is not known whether it has any."""
    found: list[str] = []
    unknown = isinstance(value, Unknown)
    for each in descendants(value):
        if isinstance(each, Unknown):
            unknown = True
        elif isinstance(each, Instance):
            if "<reads mode>" in each.lazies:
                found.append(f"`{each.class_name}` reads `self.training`")
            if isinstance(each.cls, ClassValue):
                from nnlint.interpreter.classes import externals, has_unknown_base

                if has_unknown_base(each.cls) or any(network_mode(d) is not None for d in externals(each.cls)):
                    unknown = True
                continue
            info = LAYERS.get(each.cls.dotted)
            if info is None:
                unknown = unknown or network_mode(each.cls.dotted) is not None
            elif info.has_mode:
                rate = each.arguments.get(RATE_OF_MODE.get(info.operation, ""))
                if not (isinstance(rate, Const) and rate.value in (0, 0.0)):
                    found.append(f"`{each.name}` ({info.kind})" if each.name else info.kind)
    return tuple(dict.fromkeys(found)) or (None if unknown else ())


def layers_with_mode(value: Value) -> Iterator[Instance]:
    """The layers of torch in a network that behave differently in the two modes."""
    for each in descendants(value):
        if isinstance(each, Instance) and isinstance(each.cls, External):
            info = LAYERS.get(each.cls.dotted)
            if info is not None and info.has_mode:
                yield each


def set_own_mode(
    run: Interpreter, module: Value, training: bool | None, place: Place | None, put_back: bool = False
) -> None:
    """Set the mode of one module; `put_back` says that it was asked for by a flag, as who restores a mode does."""
    if isinstance(module, (Instance, Unknown)):
        before = module.fields.get(MODE)
        run.store.write(module, MODE, training)
        run.store.write(module, MODE_PLACE, place)
        run.store.write(module, MODE_TIME, run.backwards)
        if training is True:
            from nnlint.interpreter import lapses

            lapses.trained(run, module, place)
            run.store.write(module, EVAL_PLACE, frozenset())  # undone on this path, whatever others do
        if training is False and not (put_back and before is False):
            run.store.write(module, EVAL_PLACE, frozenset({place}))


def set_mode(
    run: Interpreter,
    module: Value,
    training: bool | None,
    place: Place | None,
    frame: Frame,
    own_method: bool = True,
    put_back: bool = False,
) -> None:
    """`module.train(training)`: this module and all below; a `train` method of the user's own decides for itself."""
    if isinstance(module, Instance) and isinstance(module.cls, ClassValue) and own_method:
        from nnlint.interpreter.classes import find

        method = find(module.cls, "train")
        if isinstance(method, Function):
            from nnlint.interpreter import lapses

            lapses.overridden(run, method, module, training, frame)
            return
    set_own_mode(run, module, training, place, put_back)
    if isinstance(module, Instance):
        for child in children(module):
            set_mode(run, child, training, place, frame, put_back=put_back)


def mode_of(module: Value) -> bool | str | None:
    """The mode of a network: that of its layers that have one, where these are known and agree with its own.

    `EITHER` when it is one on some paths and the other on others.
    """
    if isinstance(module, Instance) and isinstance(module.cls, External) and module.cls.dotted in WRAPPERS:
        inner = module.fields.get(WRAPPERS[module.cls.dotted])
        if isinstance(inner, (Instance, Unknown)) and MODE in inner.fields:
            return mode_of(inner)
    own: bool | str | None = module.fields.get(MODE) if isinstance(module, (Instance, Unknown)) else None
    if own is None or own == EITHER:
        return own
    leaves = [each.fields.get(MODE) for each in layers_with_mode(module)]
    if leaves and own not in leaves:
        return leaves[0] if all(leaf is leaves[0] for leaf in leaves) else None
    return bool(own)
