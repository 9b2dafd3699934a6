"""Why a network that is evaluated is in training mode: what was done to its mode, or to another's, instead.

Each network carries where its mode was missed (`model.eval` without a call), where weights were loaded into it, and by
whom it was put in training mode; each `eval()` is remembered, for a forward pass of another network that follows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnlint.events import ModeMissed
from nnlint.finding import Confidence
from nnlint.interpreter import modes
from nnlint.interpreter.control import LoopRecord
from nnlint.interpreter.objects import (
    Arguments,
    Bound,
    Const,
    Frame,
    Function,
    Instance,
    Obj,
    Unknown,
    Value,
)
from nnlint.interpreter.wording import text_of
from nnlint.reading import script as ir
from nnlint.source import Place
from nnlint.values import Lapse, ModeMiss, Role

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter
    from nnlint.interpreter.roles import Forward

MISSED, LOADED, SETTER = "<missed>", "<loaded>", "<mode set by>"
PRETRAINED = "<pretrained>"  # weights were loaded into it at some time
COPIED = "<copied>"  # those of another network were, as into a target network


@dataclass(frozen=True, slots=True, eq=False)
class Setter:
    """Who put a network in training mode."""

    place: Place | None
    frames: tuple[Frame, ...]
    gradients: bool | None
    loops: tuple[LoopRecord, ...]
    time: int  # how often backward had run


@dataclass(frozen=True, slots=True, eq=False)
class Switched:
    """A network on which `eval()` was called."""

    module: Obj
    called: str
    place: Place
    frame: Frame | None
    time: int
    forwards: int  # how many forward passes there had been
    again: bool  # it was in evaluation mode already


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What may be why a forward pass runs in training mode."""

    missed: Place | None = None
    loaded: Place | None = None
    setter: Setter | None = None
    trained_here: bool = False  # `train()` was called where the evaluation is, and nothing trained since
    others: tuple[Switched, ...] = ()


# --- what happens to modes ---------------------------------------------------------------------------------------


def trained(run: Interpreter, module: Obj, place: Place | None) -> None:
    """`module.train()`: what was done before does not count."""
    run.store.write(module, MISSED, None)
    run.store.write(module, LOADED, None)
    setter = Setter(place, tuple(run.frames), run.gradients_enabled, tuple(run.loops), run.backwards)
    run.store.write(module, SETTER, setter)


def loaded(run: Interpreter, module: Instance, place: Place) -> None:
    """`module.load_state_dict(...)`."""
    for each in (module, _inner(module)):
        if each is not None:
            run.store.write(each, LOADED, (place, run.backwards))
            each.lazies[PRETRAINED] = True


def _inner(module: Obj) -> Obj | None:
    if isinstance(module, Instance) and module.class_name in ("DataParallel", "DistributedDataParallel"):
        inner = module.fields.get("module")
        return inner if isinstance(inner, Obj) else None
    return None


def switched(run: Interpreter, module: Obj, node: ir.Call, frame: Frame) -> None:
    """`module.eval()`, before it takes effect."""
    called = text_of(node.function.value) if isinstance(node.function, ir.Attribute) else "it"
    run.roles.switched.append(
        Switched(
            module,
            called,
            run.place(frame, node),
            run.frames[-1] if run.frames else None,
            run.backwards,
            len(run.roles.forwards),
            module.fields.get(modes.MODE) is False and module.fields.get(modes.MODE_TIME) == run.backwards,
        )
    )


def named_only(run: Interpreter, expr: ir.Attribute, frame: Frame) -> None:
    """`model.eval` as a statement: the method is named and not called."""
    if expr.attr not in ("eval", "train"):
        return
    owner = run.evaluate(expr.value, frame)
    known = modes.is_module(owner) or (isinstance(owner, Unknown) and modes.MODE in owner.fields)
    if not known and not (isinstance(owner, Unknown) and not owner.provenance.batches):
        return
    _miss(run, owner, ModeMiss.NOT_CALLED, text_of(expr), expr, frame, certain=known)


def assigned(run: Interpreter, owner: Value, name: str, value: Value, node: ir.Node, frame: Frame) -> None:
    """`model.train = False`, `model.training = False`."""
    from nnlint.interpreter.assignments import value_at

    if not isinstance(value, Const) or not isinstance(value.value, bool) or not isinstance(node, ir.Attribute):
        return
    current = run.frames[-1] if run.frames else None
    own_method = current is not None and current.function is not None and current.function.owner is not None
    if (
        (own_method and current is not None and current.self_value is owner)
        or not modes.is_module(owner)
        or not isinstance(owner, Instance)
    ):
        return  # in a method of its own class it is a setting, or part of an override of `train`
    call = f"{text_of(node)} = {value.value}"
    place = run.place(frame, node)
    told = ModeMissed(
        place=place,
        how=ModeMiss.FLAG if name == "training" else ModeMiss.ASSIGNED,
        call=call,
        owner=run.place(frame, node.value),
        statement=(value_at(run, place) or (None, None))[1],
        training=value.value if name != "eval" else False if value.value else None,
    )
    if name in ("train", "eval"):
        run.store.write(owner, MISSED, (place, run.backwards, None))
        run.emit(told)
    elif name == "training" and _others_differ(owner, value.value):
        run.store.write(owner, MISSED, (place, run.backwards, told))


def _others_differ(module: Instance, training: bool) -> bool:
    below = [each for each in modes.layers_with_mode(module) if each is not module]
    return bool(below) and all(each.fields.get(modes.MODE) is (not training) for each in below)


def _miss(
    run: Interpreter, owner: Value, how: ModeMiss, call: str, node: ir.Node, frame: Frame, certain: bool = True
) -> None:
    place = run.place(frame, node)
    if isinstance(owner, Obj):
        run.store.write(owner, MISSED, (place, run.backwards, None))
    confidence = Confidence.CERTAIN if certain else Confidence.LIKELY
    run.emit(ModeMissed(place=place, how=how, call=call, confidence=confidence))


def overridden(run: Interpreter, method: Function, module: Instance, training: bool | None, frame: Frame) -> Value:
    """A `train` of the user's own is called with a mode; it may lose it on the way to that of torch."""
    run.store.write(module, modes.MODE_PLACE, None)
    flag = Unknown("mode") if training is None else Const(training)
    result = run.call(Bound(method, module), Arguments((flag,)), None, frame)
    followed = module.fields.get(modes.MODE_PLACE) is not None  # it came to the `train` of torch
    if training is False and followed and module.fields.get(modes.MODE) is True:
        place = run.place(method.frame, method.definition)
        run.emit(ModeMissed(place=place, how=ModeMiss.MODE_LOST, call=method.qualified))
    if followed and isinstance(result, Const) and result.value is None:
        module.lazies["<loses self>"] = method
    return result


def result_taken(run: Interpreter, module: Instance) -> None:
    """What `model.eval()` returns is used: an override of `train` that returns nothing gives None."""
    method = module.lazies.get("<loses self>")
    if isinstance(method, Function):
        place = run.place(method.frame, method.definition)
        body, parameters = method.definition.body, method.definition.parameters.items
        run.emit(
            ModeMissed(
                place=place,
                how=ModeMiss.SELF_LOST,
                call=method.qualified,
                last=run.place(method.frame, body[-1]) if isinstance(body, tuple) else None,
                receiver=parameters[0].name if parameters else "",
            )
        )


# --- what it means for a forward pass ----------------------------------------------------------------------------


def suspicion(run: Interpreter, module: Obj) -> Suspicion:
    """What may be why a network that is called now is in training mode."""
    inner = _inner(module)
    missed = module.fields.get(MISSED) or (inner.fields.get(MISSED) if inner else None)
    if missed and missed[2] is not None:  # a flag of the root alone shows its meaning only now
        run.emit(missed[2])
    load = module.fields.get(LOADED) or (inner.fields.get(LOADED) if inner else None)
    setter = module.fields.get(SETTER)
    here = isinstance(setter, Setter) and setter.time == run.backwards and _in_evaluation(run, setter)
    frames = run.frames
    return Suspicion(
        missed=missed[0] if missed and missed[1] == run.backwards else None,
        loaded=load[0] if load and load[1] == run.backwards else None,
        setter=setter if isinstance(setter, Setter) else None,
        trained_here=here,
        others=tuple(
            each
            for each in run.roles.switched
            if each.time == run.backwards
            and any(each.frame is frame for frame in frames or (None,))
            and not _related(each.module, module)
        ),
    )


def _in_evaluation(run: Interpreter, setter: Setter) -> bool:
    """Whether `train()` was called in the evaluation that runs: under `no_grad`, or in a function of that name."""
    if setter.gradients is False:
        return True
    shared = [frame for frame in setter.frames if any(frame is each for each in run.frames)]
    if len(shared) < len(setter.frames):
        return False  # it was called in a function that has returned
    told = (run.roles.of_function(frame.name.rpartition(".")[2]) for frame in reversed(shared))
    return next((role for role in told if role is not Role.UNKNOWN), Role.UNKNOWN) is Role.EVALUATION


def _related(one: Obj, other: Obj) -> bool:
    return any(each is other for each in modes.descendants(one)) or any(
        each is one for each in modes.descendants(other)
    )


def explain(forward: Forward, forwards: Sequence[Forward]) -> tuple[Lapse, Place | None, str]:
    """Why a forward pass that evaluates runs in training mode: the lapse, where it is, and whom it was done to."""
    found = forward.suspicion
    if found.missed is not None:
        return Lapse.MISSED, found.missed, forward.called
    if found.trained_here and found.setter is not None:
        return Lapse.TRAIN_CALLED, found.setter.place, forward.called
    if found.loaded is not None:
        return Lapse.LOADED, found.loaded, forward.called
    for other in reversed(found.others):
        later = forwards[other.forwards :]
        evaluated = any(each.training is False and _related(each.module, other.module) for each in later)
        if other.again or not evaluated:
            return Lapse.OTHER_SWITCHED, other.place, other.called
    return Lapse.FORGOTTEN, None, ""


def infers(forward: Forward) -> bool:
    """Whether a network that weights were loaded into predicts: its output is used, and nothing trains."""
    return forward.suspicion.loaded is not None and forward.used and not forward.synthetic
