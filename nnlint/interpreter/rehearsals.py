"""What a forward pass would do another time, in evaluation mode: which dropout still drops, what is built anew.

Of what is doubtful in one pass (`F.dropout` that no mode was asked for, a layer built in `forward`) it is told only
when it is seen again where it should not be: in a pass of a network that is in evaluation mode. Where the script runs
none, the pass is rehearsed: it is run once more, in evaluation mode, and all that it does is taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnlint.events import DropoutRan, Event, LayerBuilt
from nnlint.finding import Confidence
from nnlint.interpreter import modes
from nnlint.interpreter.control import PathEnds
from nnlint.interpreter.objects import (
    ClassValue,
    Const,
    External,
    Frame,
    Instance,
    Sequence,
    Unknown,
    Value,
)
from nnlint.interpreter.roles import role_of_name
from nnlint.interpreter.wording import text_of
from nnlint.knowledge.layers import has_parameters
from nnlint.knowledge.operations import DROPS_BY_DEFAULT
from nnlint.reading import script as ir
from nnlint.source import Place
from nnlint.values import Layer, Role

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


@dataclass(slots=True)
class Doubt:
    """Something that is right in training, or once."""

    event: DropoutRan | LayerBuilt
    rate: Value | None = None  # of dropout
    built: Instance | None = None  # a layer
    proven: bool = False  # it was seen again
    answered: bool = False  # by a rehearsal


class Rehearsals:
    """The doubts of one root, by their places."""

    def __init__(self) -> None:
        self.doubts: dict[Place, Doubt] = {}
        self.fresh: list[Doubt] = []  # noticed in the pass that runs, and not yet answered
        self.on_stage = False  # a rehearsal runs
        self.undecided = 0  # how many undecided branches it stands in

    def events(self) -> Iterator[Event]:
        for doubt in self.doubts.values():
            if doubt.proven and (doubt.built is None or _only_applied(doubt.built)):
                yield doubt.event

    def notice(self, doubt: Doubt) -> Doubt:
        known = self.doubts.setdefault(doubt.event.place, doubt)
        if not known.answered and not any(known is each for each in self.fresh):
            self.fresh.append(known)
        return known


def rehearse(run: Interpreter, module: Instance, way: Callable[[], Value]) -> None:
    """Run a forward pass (`way`) once more in evaluation mode, if the one that just ran left doubts."""
    rehearsals = run.rehearsals
    doubts, rehearsals.fresh = rehearsals.fresh, []
    if rehearsals.on_stage or not any(not doubt.answered and not doubt.proven for doubt in doubts):
        return
    mark = run.store.mark()
    rehearsals.on_stage, rehearsals.undecided = True, run.undecided
    run.module_stack.append(module)
    try:
        for each in list(modes.descendants(module)):
            if isinstance(each, Instance) and modes.is_module(each):
                run.store.write(each, modes.MODE, False)
        run.in_silence(way)
    except PathEnds:
        pass
    finally:
        run.module_stack.pop()
        rehearsals.on_stage, rehearsals.undecided = False, 0
        run.store.undo(mark)
        run.store.close(mark)
    for doubt in doubts:
        doubt.answered = True


def dropped(
    run: Interpreter, name: str, options: dict[str, Value], call: str, node: ir.Node | None, frame: Frame
) -> None:
    """`F.dropout(x, p)`, `F.scaled_dot_product_attention(q, k, v, dropout_p=p)`."""
    attention = name == "scaled_dot_product_attention"
    rest = options.get("*")
    if not attention and (name not in DROPS_BY_DEFAULT or "training" in options):
        return
    if node is None or (isinstance(rest, Sequence) and not rest.exact):
        return
    rate = options.get("dropout_p" if attention else "p", None if attention else Const(0.5))
    _notice_dropout(run, call, rate, node, frame, attention=attention, built=False)


def layer_applied(run: Interpreter, layer: Instance, node: ir.Call | None) -> None:
    """A dropout layer ran: one that this very forward pass built is in training mode in every pass."""
    built = layer.lazies.get("<built in forward>")
    if built is not None and layer.fields.get(modes.MODE) is True:
        written, frame = built
        _notice_dropout(run, text_of(written), layer.arguments.get("p"), written, frame, attention=False, built=True)


def _notice_dropout(
    run: Interpreter, call: str, rate: Value | None, node: ir.Node, frame: Frame, *, attention: bool, built: bool
) -> None:
    module = module_that_runs(run)
    if module is None or rate is None or _asked_for(run):
        return
    if isinstance(rate, Const) and not (isinstance(rate.value, (int, float)) and rate.value > 0):
        return
    rehearsals = run.rehearsals
    event = DropoutRan(
        place=run.place(frame, node),
        call=call,
        module=module.class_name,
        attention=attention,
        built=built,
        receiver=_receiver(module, frame),
        rate=_rate(run, node, frame),
        confidence=Confidence.CERTAIN if isinstance(rate, Const) else Confidence.LIKELY,
    )
    if not rehearsals.on_stage:
        rehearsals.notice(Doubt(event, rate))
    sure = run.undecided <= rehearsals.undecided or (
        isinstance(rate, Unknown) and run.assumptions.get(rate.serial) is True  # `if self.p: F.dropout(x, self.p)`
    )
    known = rehearsals.doubts.get(event.place)
    if known is not None and sure and (_same(known.rate, rate) or not attention):
        known.proven = known.proven or rehearsals.on_stage or module.fields.get(modes.MODE) is False


def _same(before: Value | None, rate: Value) -> bool:
    """Whether a rate does not depend on the mode."""
    return before is rate or (isinstance(before, Const) and isinstance(rate, Const))


def _asked_for(run: Interpreter) -> bool:
    """Whether it is done on a condition that speaks of training (`if is_train:`), or by what makes noise on purpose."""
    if any(role_of_name(text_of(test)) is not Role.UNKNOWN for test in run.tests):
        return True
    module = module_that_runs(run)
    return module is not None and module.class_name.endswith("Loss")


def constructed(run: Interpreter, instance: Instance, node: ir.Node | None, frame: Frame) -> None:
    """A layer or network was built: it may be in the forward pass of another."""
    module = forward_that_runs(run)
    if module is None or node is None:
        return
    instance.lazies["<built in forward>"] = (node, frame)
    rehearsals, place = run.rehearsals, run.place(frame, node)
    if rehearsals.on_stage:
        known = rehearsals.doubts.get(place)
        if known is not None and known.built is not None:
            kept = any(each is known.built for each in modes.descendants(module))
            known.proven = known.proven or not kept or run.undecided <= rehearsals.undecided
        return
    if run.gradients_enabled is False or not _holds_parameters(instance) or _asked_for(run):
        return
    inner = {id(each) for each in modes.descendants(instance)}
    for other in [p for p, d in rehearsals.doubts.items() if d.built is not None and id(d.built) in inner]:
        del rehearsals.doubts[other]  # what it is made of is part of it
    name = instance.class_name
    event = LayerBuilt(place=place, layer=Layer(name, name, place), module=module.class_name)
    rehearsals.notice(Doubt(event, built=instance))


def _holds_parameters(instance: Instance) -> bool:
    for each in modes.descendants(instance):
        if not isinstance(each, Instance):
            continue
        if isinstance(each.cls, External) and has_parameters(each.cls.dotted, _settings(each)):
            return True
        if any(isinstance(f, Unknown) and "<parameter>" in f.lazies for f in each.fields.values()):
            return True
    return False


def _settings(layer: Instance) -> dict[str, object]:
    return {name: value.value for name, value in layer.arguments.items() if isinstance(value, Const)}


TOUCHES = frozenset(
    {"weight", "bias", "data", "state_dict", "load_state_dict", "parameters", "named_parameters", "requires_grad_"}
)
"""What is asked of a layer that has been built for more than to be applied: its weights are given, or kept."""


def _only_applied(layer: Instance) -> bool:
    touched = any("<touched>" in each.lazies for each in modes.descendants(layer) if isinstance(each, Instance))
    return "<ran>" in layer.lazies and not touched


def _receiver(module: Instance, frame: Frame) -> str:
    """What a network is called in a method of its own."""
    function = frame.function
    if function is None or function.owner is None or frame.self_value is not module:
        return ""
    return next((each.name for each in function.definition.parameters.items), "")


def _rate(run: Interpreter, node: ir.Node, frame: Frame) -> Place | None:
    """The `dropout_p` of a call, by its name or as the fifth argument."""
    given = node.arguments if isinstance(node, ir.Call) else ()
    found = [each.value for each in given if each.keyword == "dropout_p"]
    found += [each.value for each in given[4:5] if each.keyword is None and not any(a.star for a in given)]
    return run.place(frame, found[0]) if found else None


def module_that_runs(run: Interpreter) -> Instance | None:
    """The innermost network of the project one of whose methods runs, but for one that trains or evaluates."""
    for frame in reversed(run.frames):
        receiver = frame.self_value
        if isinstance(receiver, Instance) and isinstance(receiver.cls, ClassValue) and modes.is_module(receiver):
            return receiver
    return None


def forward_that_runs(run: Interpreter) -> Instance | None:
    """The network whose `forward` runs, unless that builds another network just now."""
    for frame in reversed(run.frames):
        function = frame.name.rpartition(".")[2]
        receiver = frame.self_value
        if function in ("__init__", "__new__", "__post_init__"):
            return None
        if function == "forward" and isinstance(receiver, Instance) and modes.is_module(receiver):
            return receiver
    return None
