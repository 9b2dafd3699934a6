"""Which parameters optimizers hold, which are frozen, and which are trained: what is left out, and built anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nnlint.events import Event, OptimizerBuilt, ParametersFrozen
from nnlint.finding import Confidence
from nnlint.interpreter import modes
from nnlint.interpreter.control import LoopRecord
from nnlint.interpreter.frozen import frozen as freeze
from nnlint.interpreter.gradients import MODULES, given_away
from nnlint.interpreter.ledger import Backward, Where, where
from nnlint.interpreter.objects import Const, External, Instance, Obj, Unknown, Value
from nnlint.interpreter.parameters import Parameters
from nnlint.knowledge.layers import LAYERS
from nnlint.source import Place

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

HELD = "<held>"  # the layers whose parameters an optimizer was given
ATTACHED = "<attached>"  # where a module was set into another that was complete
REBUILT = "<rebuilt>"  # it is made anew in each forward pass
LOADED = "<loaded>"  # its weights may come from elsewhere
FROZEN_AT = "<frozen at>"  # where the network around a layer that was attached before was frozen
RENORMED = "<renormed>"  # when its weight was replaced by others
MOST_BACKWARDS = 60

WITH_PARAMETERS = modes.PARAMETRIC | {"mha", "norm"}


@dataclass(slots=True)
class Built:
    """An optimizer or scheduler that was built."""

    optimizer: Obj
    place: Place
    where: Where
    loop: LoopRecord | None
    modules: frozenset[Obj]
    stateless: bool
    of: Obj | None = None  # of a scheduler: its optimizer
    empty: str = ""  # what it was given instead of parameters
    missing: dict[int, tuple[Instance, Place | None, Where]] = field(default_factory=dict)


@dataclass(slots=True)
class Ownership:
    """What one root built, and what was left out."""

    built: list[Built] = field(default_factory=list)
    frozen: dict[Place, tuple[str, Place, Where]] = field(default_factory=dict)
    looked: int = 0


def built(
    run: Interpreter, optimizer: Obj, place: Place, parameters: Value | None, stateless: bool, of: Obj | None = None
) -> None:
    """An optimizer is built of some parameters, or a scheduler of an optimizer."""
    modules = frozenset[Obj](optimizer.lazies.get(MODULES) or ())
    optimizer.lazies[HELD] = {id(leaf) for module in modules for leaf in leaves(module)}
    optimizer.lazies["<born>"] = run.youngest()
    empty = _no_parameters(parameters)
    loop = run.loops[-1] if run.loops else None
    run.ownership.built.append(Built(optimizer, place, where(run), loop, modules, stateless, of, empty))


def _no_parameters(parameters: Value | None, depth: int = 0) -> str:
    """In words, what an optimizer is given that holds no parameters: a method, a generator that was gone through."""
    from nnlint.interpreter.objects import Mapping, Native, Sequence

    match parameters:
        case Native(name="parameters"):
            return "the method `parameters`, which is not called"
        case Parameters() if parameters.fields.get("consumed") is True and depth:
            return "a generator of parameters that was gone through before"
        case Mapping():
            return _no_parameters(parameters.items.get("params"), depth + 1)
        case Sequence() if not isinstance(parameters, Parameters):
            return next((empty for each in parameters.items if (empty := _no_parameters(each, depth))), "")
    return ""


def leaves(module: Value) -> Iterator[Instance]:
    """The layers with parameters in a module."""
    for each in modes.descendants(module):
        if not isinstance(each, Instance) or not isinstance(each.cls, External):
            continue
        info = LAYERS.get(each.cls.dotted)
        if info is not None and info.operation in WITH_PARAMETERS and each.arguments.get("affine") != Const(False):
            yield each


def attached(run: Interpreter, owner: Instance, value: Value, place: Place) -> None:
    """`owner.name = module`, outside of the constructor of `owner`."""
    if modes.is_module(owner) and isinstance(value, Instance) and modes.is_module(value):
        building = any(f.self_value is owner and f.name.endswith("__init__") for f in run.frames)
        if run.module_stack:
            for leaf in leaves(value):
                leaf.lazies[REBUILT] = True
        elif not building:
            value.lazies[ATTACHED] = place


def loaded(module: Value) -> None:
    """The weights of a module may be others than those that it was built with."""
    for each in modes.descendants(module):
        if isinstance(each, (Instance, Unknown)):
            each.lazies[LOADED] = True


def frozen(run: Interpreter, module: Obj, yes: bool | None, place: Place | None) -> None:
    """Gradients of the parameters of a module, and of all below it, are turned off or on; None: not known."""
    if place is not None:
        freeze(run, module, yes is True, place)
    there = where(run)
    cut_short = bool(run.loops) and bool(run.loops[-1].continues or run.loops[-1].breaks)
    for each in modes.descendants(module):
        if not isinstance(each, (Instance, Unknown)):
            continue
        run.store.write(each, modes.FROZEN, yes)
        if each is module or ATTACHED not in each.lazies or LOADED in each.lazies:
            continue
        at = place if yes is True and there.every_time and not cut_short else None
        for leaf in leaves(each):
            run.store.write(leaf, FROZEN_AT, (at, each) if at is not None else None)
    if yes is not True:
        for leaf in leaves(module):
            run.store.write(leaf, FROZEN_AT, None)


def differentiated(run: Interpreter, backward: Backward) -> None:
    """Look, at a `backward` in a loop, who is trained and in no optimizer, or frozen."""
    ownership = run.ownership
    ownership.looked += 1
    if not backward.where.loops or backward.where.owned or ownership.looked > MOST_BACKWARDS:
        return
    open_ = any(optimizer.lazies.get(MODULES) is None for optimizer in run.optimizers)
    held = set[int]().union(*(optimizer.lazies.get(HELD) or () for optimizer in run.optimizers))
    optimizers: Optimizers = [
        (each, {id(leaf) for module in each.modules for leaf in leaves(module)})
        for each in ownership.built
        if each.of is None
    ]
    for number in backward.calls:
        forward = run.roles.forwards[number]
        root = forward.module
        if not isinstance(root, Instance) or forward.training is False:
            continue
        for leaf in leaves(root):
            if "<ran>" in leaf.lazies or _inside_foreign(root, leaf):
                _frozen_leaf(run, leaf, backward)
                if not open_ and leaf.fields.get(modes.FROZEN, False) is False:
                    _left_out(run, root, leaf, optimizers, held, backward)


def _inside_foreign(root: Instance, leaf: Instance) -> bool:
    """Whether a layer was attached to a network of another package, whose forward pass is not seen."""
    return ATTACHED in leaf.lazies and any(
        isinstance(each, Instance)
        and isinstance(each.cls, External)
        and each.cls.dotted not in LAYERS
        and any(child is leaf for child in modes.children(each))
        for each in modes.descendants(root)
    )


def _frozen_leaf(run: Interpreter, leaf: Instance, backward: Backward) -> None:
    at = leaf.fields.get(FROZEN_AT)
    if at is not None and LOADED not in leaf.lazies and leaf.fields.get(modes.FROZEN) is True:
        place, module = at
        run.ownership.frozen.setdefault(
            place, (module.name or module.class_name, module.lazies[ATTACHED], backward.where)
        )


Optimizers = list[tuple[Built, set[int]]]  # that were built, with the layers under the networks that they were given


def _left_out(
    run: Interpreter, root: Instance, leaf: Instance, optimizers: Optimizers, held: set[int], backward: Backward
) -> None:
    renormed = leaf.fields.get(RENORMED)
    if REBUILT in leaf.lazies:
        return
    known = id(leaf) in held or any(id(leaf) in under for _, under in optimizers)
    copied = any(LOADED in each.lazies or "<copy>" in each.lazies for each in (root, leaf))
    for built_, under in optimizers:
        optimizer = built_.optimizer
        if id(leaf) in built_.missing:
            continue
        if id(leaf) in under and id(leaf) not in held:
            built_.missing[id(leaf)] = leaf, leaf.lazies.get(ATTACHED) or leaf.made, backward.where
        elif renormed is not None and id(leaf) in optimizer.lazies[HELD] and renormed[0] > optimizer.lazies["<born>"]:
            built_.missing[id(leaf)] = leaf, renormed[1], backward.where
        elif known or copied or _holds_part(built_, root):
            continue
        elif not backward.optimizers or optimizer in backward.optimizers:
            built_.missing[id(leaf)] = _named(root, leaf), None, backward.where


def _holds_part(built_: Built, root: Instance) -> bool:
    """Whether an optimizer was given a part of a network: the rest is left out on purpose."""
    parts = list(modes.descendants(root))[1:]
    return any(part is module for part in parts for module in built_.modules)


def _named(root: Instance, leaf: Instance) -> Instance:
    """What to call the layer that is left out: the whole network, when it is all left out."""
    return root if root.name else leaf


def events(run: Interpreter, complete: bool) -> Iterator[Event]:
    """The optimizers that were built and what is wrong with them; `complete` says that the root ran to its end."""
    if not complete:
        return
    for built_ in run.ownership.built:
        if not given_away(built_.optimizer):
            yield _event(run, built_)
    for place, (name, at, there) in run.ownership.frozen.items():
        if _steps_in(run, None, there):
            yield ParametersFrozen(place=place, module=name, attached=at)


def _event(run: Interpreter, built_: Built) -> OptimizerBuilt:
    name = getattr(built_.optimizer, "name", "") or "optimizer"
    missing = [entry for entry in built_.missing.values() if _steps_in(run, built_.optimizer, entry[2])]
    later = next((entry for entry in missing if entry[1] is not None), None)
    never = next((entry for entry in missing if entry[1] is None and not _held_by_any(run, entry[0])), None)
    told = later or never
    return OptimizerBuilt(
        place=built_.place,
        optimizer=name,
        kind="optimizer" if built_.of is None else "scheduler",
        misses=(told[0].name or told[0].class_name) if told is not None else "",
        attached=told[1] if told is not None else None,
        empty=built_.empty,
        loop=_rebuilt_in(run, built_),
        confidence=Confidence.CERTAIN,
    )


def _held_by_any(run: Interpreter, module: Instance) -> bool:
    """Whether an optimizer of another phase has the parameters of a network."""
    wanted = {id(leaf) for leaf in leaves(module)}
    return any(wanted & (built_.optimizer.lazies.get(HELD) or set()) for built_ in run.ownership.built)


def _steps_in(run: Interpreter, optimizer: Obj | None, there: Where) -> bool:
    """Whether an optimizer steps in a loop around a place."""
    return any(
        (optimizer is None or step.optimizer is optimizer) and set(step.where.loops) & set(there.loops)
        for step in run.ledger.steps
    )


def _rebuilt_in(run: Interpreter, built_: Built) -> Place | None:
    """The loop over epochs or batches in each pass of which an optimizer of the same parameters is built anew."""
    loop = built_.loop
    steps = built_.of or built_.optimizer
    if loop is None or not built_.where.every_time or built_.where.owned or built_.stateless or not loop.counts:
        return None
    if sum(each.place == built_.place and each.loop is loop for each in run.ownership.built) < 2:
        return None  # in the first pass only: `if epoch == 0`
    held = [built_.of] if built_.of is not None else list(built_.modules)
    if not held or any(each.serial > loop.youngest or "<copy>" in each.lazies for each in held):
        return None
    depth = len(built_.where.loops)
    inner = [
        s.where.loops for s in run.ledger.steps if s.optimizer is steps and s.where.loops[:depth] == built_.where.loops
    ]
    if not inner or any(len(loops) > depth + 1 for loops in inner):
        return None
    if all(len(loops) == depth for loops in inner):
        return loop.place if built_.of is None else None
    return loop.place if all(_same_data(run, loops[depth], loop) for loops in inner if len(loops) > depth) else None


def _same_data(run: Interpreter, inner: Place, loop: LoopRecord) -> bool:
    """Whether a loop goes over data that were there before another loop began."""
    passes = [each for each in run.data_loops if each.place == inner]
    batches = [run.roles.batches[number] for each in passes for number in each.data]
    return bool(batches) and all(batch.serial <= loop.youngest for batch in batches)
