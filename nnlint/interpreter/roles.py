"""What a forward pass is for: training or evaluation.

It is worked out from what happens to its output: what reaches `backward` trains. What does not, and works on
evaluation data, or goes over data in a loop that trains nothing, evaluates. Names (`evaluate`, `val_loader`) come
last and make it
likely, not certain. Nothing is decided before the whole root has run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nnlint.events import ModuleCalled
from nnlint.finding import Confidence, Step
from nnlint.interpreter import frozen, lapses, modes, scenes
from nnlint.interpreter.control import LoopRecord
from nnlint.interpreter.joins import EITHER
from nnlint.interpreter.objects import (
    Arguments,
    Frame,
    Instance,
    Obj,
    Provenance,
    Tensor,
    Unknown,
    Value,
)
from nnlint.interpreter.provenance import mark
from nnlint.interpreter.wording import text_of
from nnlint.program.conventions import Conventions
from nnlint.reading import script as ir
from nnlint.source import Place
from nnlint.values import Lapse, Role, Split

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

_EVALUATION_WORDS = frozenset(
    [
        "eval",
        "evaluate",
        "evaluation",
        "evaluator",
        "val",
        "valid",
        "validate",
        "validation",
        "test",
        "testing",
        "tester",
        "infer",
        "inference",
        "predict",
        "prediction",
        "predictions",
        "dev",
    ]
)
_TRAINING_WORDS = frozenset(
    ["train", "training", "trainer", "fit", "learn", "update", "finetune", "optimize", "pretrain"]
)
_DELIBERATE_WORDS = frozenset(
    ["mc", "dropout", "bayesian", "uncertainty", "stochastic", "recalibrate"]
)  # they want training mode
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def role_of_name(name: str) -> Role:
    """What a name says: `val_loader` and `evaluateModel` evaluate, `train_step` trains, both words together say
    nothing.
    """
    words = words_of(name)
    if words & _DELIBERATE_WORDS:
        return Role.UNKNOWN
    evaluates, trains = bool(words & _EVALUATION_WORDS), bool(words & _TRAINING_WORDS)
    if evaluates == trains:
        return Role.UNKNOWN
    return Role.EVALUATION if evaluates else Role.TRAINING


def words_of(name: str) -> set[str]:
    """The words of a name, in lower case: `valLoader` is `val` and `loader`."""
    return {word.lower() for word in _WORD.findall(name)}


@dataclass(slots=True)
class Batch:
    """Data that a loop goes over."""

    name: str
    role: Role
    certain: bool
    loads: bool  # a loader or dataset, not just any sequence
    source: Obj | None = None
    split: Split = Split.UNKNOWN
    split_is_certain: bool = False
    serial: int = 0  # of what they come from
    dataset: Instance | None = None  # whose items it holds, or the part of one
    pipeline: tuple[Instance, ...] | None = None  # all transforms of its items, where they are known
    trained: bool = False
    random_transforms: tuple[tuple[str, Place], ...] = ()
    evaluated: bool | None = None  # whether an evaluation read it, certainly or (None) not at all


@dataclass(slots=True)
class Forward:
    """One call of a network from outside of any network."""

    number: int
    place: Place
    module: Obj
    called: str
    training: bool | str | None
    mode_place: Place | None
    deliberate: bool  # training mode was set and nothing trained since
    gradients: bool | None
    loops: tuple[LoopRecord, ...]
    functions: tuple[str, ...]
    owned: bool  # inside of a method of a network of a framework that owns loop and modes
    fed: frozenset[int]  # the forward passes whose output it works on
    serial: int  # of the youngest object when it began
    synthetic: bool  # fed with numbers that were drawn on the spot
    batches: frozenset[int]
    names: tuple[str, ...]
    trail: tuple[Step, ...]
    scene: scenes.Scene
    suspicion: lapses.Suspicion
    updating: tuple[tuple[frozen.Freeze, Instance], ...] = ()  # batch norms of frozen parts
    eval_places: frozenset[Place] = frozenset()  # where it was switched to evaluation last, on one path or another
    differentiated: bool = False
    trained: bool = False  # an optimizer stepped on its gradients
    measured: bool = False  # a loss or a comparison was made of its output
    escaped: bool = False
    used: bool = False
    carries_state: bool = False  # what it returned the last time is among its arguments
    layers: tuple[str, ...] | None = field(default=None)


class Roles:
    """Keeps the forward passes of one root and judges them at its end."""

    def __init__(self, conventions: Conventions) -> None:
        self.conventions = conventions
        self.forwards: list[Forward] = []
        self.batches: list[Batch] = []
        self.switched: list[lapses.Switched] = []
        self.training: set[Place] = set()  # the functions in which something is differentiated

    def of_function(self, name: str) -> Role:
        return self.conventions.role_of_function(name) or role_of_name(name)

    def batch(self, batch: Batch) -> int:
        self.batches.append(batch)
        return len(self.batches) - 1

    def entered(
        self, run: Interpreter, module: Obj, arguments: Arguments, node: ir.Call | None, frame: Frame
    ) -> Forward | None:
        """Take down a call of a network from outside of any."""
        if run.module_stack or node is None or _is_part(run, module):
            return None
        provenance = run.provenance_of(arguments)
        explicit = module.fields.get(modes.MODE_PLACE)
        training = modes.mode_of(module)
        forward = Forward(
            number=len(self.forwards),
            place=run.place(frame, node),
            module=module,
            called=text_of(node.function).removesuffix(".forward"),
            training=training,
            mode_place=explicit,
            eval_places=module.fields.get(modes.EVAL_PLACE) or frozenset(),
            deliberate=training is True
            and explicit is not None
            and module.fields.get(modes.MODE_TIME) == run.backwards,
            gradients=None
            if run.gradients_enabled
            and (module.fields.get(modes.FROZEN) or any(is_volatile(v) for v in arguments.all()))
            else run.gradients_enabled,
            loops=tuple(run.loops),
            functions=tuple(f.name.rpartition(".")[2] for f in run.frames if f.name),
            owned=run.owned_by_framework(),
            fed=provenance.outputs,
            serial=run.youngest(),
            synthetic=any(isinstance(value, Tensor) and value.made_by == "<drawn>" for value in arguments.all()),
            batches=provenance.batches,
            names=tuple(text_of(argument.value) for argument in node.arguments),
            trail=(Step(explicit, _mode_step(training)),) if explicit is not None else (),
            scene=scenes.scene(run, module, node, frame),
            updating=frozen.updating(run, module),
            suspicion=lapses.suspicion(run, module) if training is True else lapses.Suspicion(),
        )
        forward.carries_state = any(self.forwards[number].place == forward.place for number in provenance.outputs)
        self.forwards.append(forward)
        return forward

    def left(self, run: Interpreter, forward: Forward, result: Value) -> Value:
        """Mark what a forward pass returned as its output."""
        hangs = frozenset({forward.number})
        provenance = Provenance(hangs if run.gradients_enabled is not False else frozenset(), forward.batches, hangs)
        return mark(run, result, provenance)

    def differentiated(self, calls: Iterable[int]) -> None:
        for number in calls:
            self.forwards[number].differentiated = True
            for loop in self.forwards[number].loops:
                loop.trains = True

    def trained(self, calls: Iterable[int]) -> None:
        for number in calls:
            self.forwards[number].trained = True

    def measured(self, provenance: Provenance) -> None:
        for number in provenance.outputs:
            self.forwards[number].measured = True

    def used(self, provenance: Provenance) -> None:
        for number in provenance.outputs:
            self.forwards[number].used = True

    def escaped(self, provenance: Provenance) -> None:
        for number in provenance.calls:
            self.forwards[number].escaped = True

    def all_called(self, held: frozenset[Obj] | None) -> bool:
        """Whether each unknown network among `held` was seen to be called: of one that was not, nothing says when it
        ran.
        """
        return all(not isinstance(m, Unknown) or any(f.module is m for f in self.forwards) for m in held or ())

    def modules_of(self, calls: Iterable[int]) -> frozenset[Obj]:
        return frozenset(self.forwards[number].module for number in calls)

    def events(self, complete: bool) -> Iterable[ModuleCalled]:
        """The forward passes, judged; `complete` says that the root ran to its end."""
        training_places = {forward.place for forward in self.forwards if forward.trained}
        evaluated_under = {
            place
            for forward in self.forwards
            if forward.training is False and not forward.differentiated
            for place in forward.eval_places
        }
        networks = [forward for forward in self.forwards if modes.is_network(forward.module)]
        stage = scenes.Stage(networks, self.training)
        for forward in networks:
            if forward.place in training_places or forward.measured:
                forward.deliberate = (
                    False  # the mode was set for the training that runs through here too, or its output is scored
                )
            role, evidence, certain = self._judge(forward, complete)
            lapse = (
                lapses.explain(forward, self.forwards)
                if role is Role.EVALUATION and forward.training is True
                else (Lapse.FORGOTTEN, None, "")
            )
            if role is Role.EVALUATION:
                for number in forward.batches:
                    self.batches[number].evaluated = certain
            if role is Role.UNKNOWN:
                mending = scenes.Mending()
            else:
                mending = stage.restoring(forward) if role is Role.TRAINING else stage.mending(forward)
            left = sorted(forward.eval_places & evaluated_under) if forward.training in (False, EITHER) else []
            yield ModuleCalled(
                place=forward.place,
                module=forward.called,
                role=role,
                role_evidence=evidence,
                training=forward.training if isinstance(forward.training, bool) else None,
                mode_set=left[0] if left else forward.mode_place,
                left_in_evaluation=bool(left),
                mode_layers=modes.mode_layers(forward.module),
                gradients_enabled=forward.gradients,
                lapse=lapse[0],
                lapse_place=lapse[1],
                lapse_of=lapse[2],
                evaluates=mending.evaluates,
                stretch=mending.stretch,
                switch=mending.switch,
                restore=mending.restore,
                is_known=not isinstance(forward.module, Unknown),
                trail=tuple(Step(place, "evaluation mode is set here") for place in left) or forward.trail,
                confidence=Confidence.CERTAIN if certain else Confidence.LIKELY,
            )

    def _judge(self, forward: Forward, complete: bool) -> tuple[Role, str, bool]:
        nothing = (Role.UNKNOWN, "", False)
        if forward.differentiated:
            return (
                (Role.TRAINING, "its output reaches `backward`", True)
                if forward.trained and not forward.owned
                else nothing
            )
        nearest = next(
            (role for name in reversed(forward.functions) if (role := self.of_function(name)) is not Role.UNKNOWN),
            Role.UNKNOWN,
        )
        deliberate = forward.deliberate and nearest is not Role.EVALUATION
        if forward.owned or not complete or deliberate or forward.escaped:
            return nothing
        data = [self.batches[number] for number in sorted(forward.batches)]
        loop = next((loop for loop in reversed(forward.loops) if loop.data), None)
        evaluation = next((each for each in data if each.role is Role.EVALUATION), None)
        if any(each.role is Role.TRAINING for each in data):
            return nothing
        if evaluation is not None and evaluation.certain and forward.used:
            return Role.EVALUATION, f"`{evaluation.name}` is evaluation data", True
        if loop is not None and loop.trains:
            return nothing
        if evaluation is not None and forward.used:
            return Role.EVALUATION, f"it goes over `{evaluation.name}`", False
        loads = any(each.loads for each in data)
        if forward.gradients is False and forward.used and loads and nearest is not Role.TRAINING:
            return Role.EVALUATION, "gradients are off, and the loop over the data trains nothing", True
        if (
            forward.gradients is False
            and forward.measured
            and forward.loops
            and not forward.loops[-1].trains
            and nearest is not Role.TRAINING
        ):
            return (
                Role.EVALUATION,
                "gradients are off, and a loss is computed of its output in a loop that trains nothing",
                True,
            )
        if forward.training is False and forward.used and loads and nearest is not Role.TRAINING:
            return Role.EVALUATION, "it was switched to evaluation, and the loop over the data trains nothing", True
        told = data or forward.measured or forward.loops
        if nearest is Role.EVALUATION and forward.used and told and not forward.synthetic:
            function = next(name for name in reversed(forward.functions) if self.of_function(name) is Role.EVALUATION)
            return Role.EVALUATION, f"`{function}` evaluates", False
        if (
            forward.used
            and forward.gradients is False
            and any(role_of_name(name) is Role.EVALUATION for name in forward.names)
        ):
            return Role.EVALUATION, f"`{', '.join(forward.names)}` is evaluation data", False
        if lapses.infers(forward) and forward.gradients is False:
            return Role.EVALUATION, "gradients are off, and weights were loaded for it", True
        return nothing


VOLATILE = "<volatile>"


def is_volatile(value: Value) -> bool:
    """Whether a value was made by `Variable(x, volatile=True)`, which turned gradients off before torch 0.4."""
    return isinstance(value, Tensor) and value.made_by == VOLATILE


def _is_part(run: Interpreter, module: Obj) -> bool:
    """Whether a network is called by a method of the network that it is a part of."""
    receiver = run.frames[-1].self_value if run.frames else None
    if receiver is module or not isinstance(receiver, Instance) or not modes.is_module(receiver):
        return False
    if receiver not in run.module_stack and run.owned_by_framework():
        return False  # `training_step` is no forward pass: what it calls is
    return any(each is module for each in modes.descendants(receiver))


def _mode_step(training: bool | str | None) -> str:
    mode = "training mode" if training is True else "evaluation mode" if training is False else "the mode"
    return f"{mode} is set here"
