"""Optimizers step: in what condition they find the gradients."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch

from nnlint.events import BackwardRan, GradientsCleared, GradientsClipped, OptimizerStepped
from nnlint.probe.ledger import Entry, Fill, Ledger, is_empty, mark_of
from nnlint.probe.observers.base import Observer
from nnlint.probe.places import conditions, words
from nnlint.probe.run import Backward, Call, Pass, Run
from nnlint.source import Place
from nnlint.values import Gradients

MOST = 400  # parameters of an optimizer that are looked at
_DIVIDED = ("Div", "Mul")
_STEPS = ("NN201", "NN202", "NN205", "NN206")


class Steps(Observer):
    """Keeps the ledger of gradients, and reads it at each step."""

    operations = frozenset({"clamp"})
    decides = ("NN201", "NN202", "NN203", "NN204", "NN205", "NN206", "NN207", "NN208", "NN221")

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._ledger = Ledger()
        self._optimizers: weakref.WeakKeyDictionary[Any, _Optimizer] = weakref.WeakKeyDictionary()
        self._told: list[_Optimizer] = []
        self._inside: _Optimizer | None = None
        self._backwards: dict[Place, _Place] = {}
        self._too_soon: list[GradientsClipped] = []  # clipped when there was nothing yet
        self._piled: list[tuple[_Optimizer, OptimizerStepped, str]] = []
        _patch_clipping(self)

    def optimizer_made(self, optimizer: torch.optim.Optimizer) -> None:
        known = self._optimizers[optimizer] = _Optimizer(self.run.book.called(optimizer), weakref.ref(optimizer))
        self._told.append(known)

    def left(self, visit: Pass) -> None:
        if visit.depth == 0 and visit.place is not None and visit.grad_enabled:
            holders = [each for each in self._told if each.holds(visit.module)]
            for each in holders:
                each.forward = visit.place

    def clearing(self, owner: Any) -> None:
        place = self.run.places.here()
        parameters = _held(owner) if isinstance(owner, torch.optim.Optimizer) else list(owner.parameters())[:MOST]
        known = self._optimizers.get(owner) if isinstance(owner, torch.optim.Optimizer) else None
        waits = [each for each in parameters if not is_empty(each) and self._ledger.look(each).since_step]
        if known is not None and waits and place is not None:
            known.clearings.append((place, len(self._ledger.of(waits[0]).fills), self.run.step))
        if place is not None:
            for cleared in self._told if known is None else [known]:
                cleared.last_cleared = place
        for each in parameters:
            if each.grad is not None:
                self._ledger.clear(each, place)

    def differentiating(self, backward: Backward) -> None:
        for parameter in self._reached(backward):
            if self._inside is not None and not is_empty(parameter) and self._ledger.of(parameter).fills:
                entry = self._ledger.of(parameter)
                entry.reused = entry.fills[-1].place  # a closure that does not clear
            self._ledger.about_to_fill(parameter)

    def differentiated(self, backward: Backward) -> None:
        if backward.place is None:
            return
        fill = Fill(backward.place, backward.number, _is_divided(backward.roots))
        place = self._backwards.setdefault(backward.place, _Place(words(backward.place)))
        place.count += 1
        for optimizer in self._told:
            held = [each for each in optimizer.parameters() if id(each) in backward.leaves]
            if held:
                place.optimizers[id(optimizer)] = optimizer
                if optimizer is self._inside:
                    optimizer.early = None  # it steps by a closure
                if optimizer.early is not None and not optimizer.filled:
                    self._tell_early(optimizer, backward.place)
                optimizer.filled = True
                optimizer.backwards += 1
            for parameter in held:
                self._ledger.filled(parameter, fill)
        for event in self._too_soon:
            self.run.saw(event, "every gradient is zero or None")
        self._too_soon = []

    def stepping(self, optimizer: torch.optim.Optimizer) -> None:
        known = self._optimizers.get(optimizer)
        place = self.run.places.here()
        if known is None or place is None:
            return
        self._inside = known
        self._too_soon = []
        known.place = place
        known.steps += 1
        known.found = self._judged(known, place)

    def stepped(self, optimizer: torch.optim.Optimizer) -> None:
        known = self._optimizers.get(optimizer)
        self._inside = None
        if known is None or known.place is None:
            return
        if known.found is None:  # a closure filled them within the step
            known.found = self._judged(known, known.place)
        if known.found is not None:
            self._told_of(known)
        for parameter in known.parameters():
            entry = self._ledger.of(parameter)
            for other in self._told:
                if other is not known and entry.fills:
                    other.stepped_after[entry.fills[-1].number] = True
            self._ledger.consume(parameter, known.place)
        known.found = None

    def _judged(self, known: _Optimizer, place: Place) -> OptimizerStepped | None:
        """The event of a step, None where nothing is to be said yet."""
        entries = [(each, self._ledger.look(each)) for each in known.parameters()]
        live = [entry for each, entry in entries if not is_empty(each)]
        event = OptimizerStepped(place=place, optimizer=known.called, gradients=Gradients.UNKNOWN)
        if not live:
            wasted = next((entry for _, entry in entries if entry.wasted is not None), None)
            if wasted is not None and wasted.wasted is not None:
                return _changed(event, Gradients.CLEARED, wasted.wasted.place, cleared=wasted.cleared)
            if not known.filled and known.early is None:
                known.early = place
            return None
        reused = next((entry for entry in live if entry.reused is not None and entry.fills), None)
        if reused is not None:
            return _changed(event, Gradients.REUSED, reused.fills[-1].place, consumed=reused.reused)
        if all(not entry.since_step for entry in live):
            return _changed(event, Gradients.USED, None) if any(entry.consumed for entry in live) else None
        known.counts.append(max(len(entry.fills) for entry in live))
        self._accumulated(known, place, live)
        self._leaked(known, place, live)
        filled = next((entry.fills[-1].place for entry in live if entry.fills), None)
        return _changed(event, Gradients.FRESH, filled)

    def _told_of(self, known: _Optimizer) -> None:
        event = known.found
        assert event is not None
        norm = _norm(known.parameters())
        what = {
            Gradients.REUSED: f"gradients of norm {norm:.3g} hold those that an earlier step had used",
            Gradients.CLEARED: "every gradient is zero",
            Gradients.FRESH: f"gradients of norm {norm:.3g}, cleared before they were filled",
        }.get(event.gradients, "no backward pass filled the gradients since the last step")
        if event.gradients is Gradients.REUSED:
            self._piled.append((known, event, what))  # whether it is accumulation that is undone shows later
        elif event.gradients is Gradients.CLEARED and known.told_early:
            return
        elif event.gradients is Gradients.USED:
            self.run.undecided(event, what, codes=_STEPS)
        elif event.gradients is Gradients.FRESH and known.steps == 1:
            self.run.saw(event, what, codes=tuple(code for code in _STEPS if code != "NN201"))
            self.run.undecided(event, "nothing had filled the gradients before the first step", codes=("NN201",))
        else:
            self.run.saw(event, what, codes=_STEPS)

    def _clears_now_and_then(self, known: _Optimizer) -> bool:
        """Whether the clearing hangs on a count of batches, and steps do not."""
        cleared = known.last_cleared
        if cleared is None or known.place is None:
            return False
        counted = any("%" in test for test in conditions(cleared))
        if counted and not any("%" in test for test in conditions(known.place)):
            event = GradientsCleared(place=cleared, optimizer=known.called, stepped=known.place)
            self.run.saw(event, "a step uses gradients that wait to be cleared", codes=("NN203",), alone=False)
            return True
        return False

    def _tell_early(self, known: _Optimizer, backward: Place) -> None:
        assert known.early is not None
        event = OptimizerStepped(place=known.early, optimizer=known.called, gradients=Gradients.UNKNOWN)
        early = _changed(event, Gradients.EARLY, backward)
        self.run.saw(early, "the first step finds no gradients", codes=_STEPS)
        known.told_early = True

    def _accumulated(self, known: _Optimizer, place: Place, live: list[Entry]) -> None:
        fills = max((entry.fills for entry in live), key=len)
        same = [fill for fill in fills if fill.place == fills[-1].place]
        event = BackwardRan(place=fills[-1].place, call=words(fills[-1].place), optimizer=known.called)
        if len(same) > 1 and not any(fill.divided for fill in same):
            summed = BackwardRan(place=event.place, call=event.call, optimizer=event.optimizer, accumulated=place)
            evidence = f"{len(same)} backward passes before the step, of losses that nothing divides"
            self.run.saw(summed, evidence, codes=("NN204",), alone=False)
        else:
            self.run.saw(event, f"{len(same)} backward passes before the step", codes=("NN204",))

    def _leaked(self, known: _Optimizer, place: Place, live: list[Entry]) -> None:
        """Gradients that another network's loss left, before that network's optimizer stepped, and own ones on top."""
        fills = max((entry.fills for entry in live), key=len)
        lent = next((fill for fill in fills[:-1] if known.stepped_after.get(fill.number)), None)
        own = fills[-1]
        if lent is not None and lent.place != own.place and not known.stepped_after.get(own.number):
            for each in (lent.place, own.place):
                mixed = (lent.place, own.place)
                event = BackwardRan(place=each, call=words(each), optimizer=known.called, leak=place, mixed=mixed)
                self.run.saw(
                    event,
                    f"{len(fills)} backward passes filled the gradients of one step",
                    codes=("NN221",),
                    alone=False,
                )
        elif own.place is not None:
            event = BackwardRan(place=own.place, call=words(own.place), optimizer=known.called)
            self.run.saw(event, "one loss filled the gradients of the step", codes=("NN221",))

    def calling(self, call: Call) -> None:
        """Gradients may be clamped by hand."""
        if not call.name.endswith("_") or not isinstance(call.args[0], torch.Tensor):
            return
        pointer = call.args[0].data_ptr()
        held = (each for known in self._told for each in known.parameters())
        found = [each for each in held if each.grad is not None and each.grad.data_ptr() == pointer]
        self.clipped(found)

    def clipped(self, parameters: Iterable[torch.Tensor]) -> None:
        """Gradients are about to be clipped."""
        place = self.run.places.here()
        held = [each for each in parameters if isinstance(each, torch.Tensor)][:MOST]
        if place is None or not held:
            return
        entries = [self._ledger.look(each) for each in held]
        live = [entry for each, entry in zip(held, entries, strict=True) if not is_empty(each)]
        if not live:
            if any(known.steps for known in self._told) or any(entry.cleared for entry in entries):
                cleared = next((entry.cleared for entry in entries if entry.cleared), None)
                event = GradientsClipped(place=place, call=words(place), gradients=Gradients.CLEARED, other=cleared)
                self._too_soon.append(event)
            return
        used = [entry for each, entry in zip(held, entries, strict=True) if _is_used(each, entry)]
        if len(used) == len(live):
            event = GradientsClipped(place=place, call=words(place), gradients=Gradients.USED, other=used[0].consumed)
            self.run.saw(event, "the step has used these gradients already")
        else:
            event = GradientsClipped(place=place, call=words(place), gradients=Gradients.FRESH)
            self.run.saw(event, f"gradients of norm {_norm(held):.3g} that no step has used")

    def ended(self) -> None:
        for known, piled, told in self._piled:
            if not self._clears_now_and_then(known):
                self.run.saw(piled, told, codes=_STEPS)
        for known in self._told:
            self._never_filled(known)
            self._undone(known)
        for place, backward in self._backwards.items():
            holders = list(backward.optimizers.values())
            idle = holders and not any(each.steps for each in holders)
            event = BackwardRan(
                place=place,
                call=backward.call,
                optimizer=holders[0].called if holders else "optimizer",
                stepped=not idle,
            )
            if idle and not (self.run.completed and backward.count > 1):
                self.run.undecided(event, "the run was too short to tell", codes=("NN207",))
            elif holders:
                what = (
                    f"{backward.count} backward passes and no step" if idle else "an optimizer steps with its gradients"
                )
                self.run.saw(event, what, codes=("NN207",))

    def _never_filled(self, known: _Optimizer) -> None:
        if known.filled or known.early is None:
            return
        event = OptimizerStepped(
            place=known.early, optimizer=known.called, gradients=Gradients.ABSENT, forward=known.forward
        )
        if known.forward is None or known.steps < 2 or self.run.budget.work.backwards:
            self.run.undecided(
                event, "losses were differentiated, and none of them reached what it holds", codes=_STEPS
            )
        else:
            self.run.saw(event, f"{known.steps} steps, and no gradient was ever there", codes=_STEPS)

    def _undone(self, known: _Optimizer) -> None:
        """A step that waits for several batches finds the gradients of the last, for each clears its own."""
        waits = set(conditions(known.place))
        for place, fills, _ in known.clearings:
            waiting = waits - set(conditions(place)) and place != known.place and 2 * known.backwards >= 3 * known.steps
            if waiting and fills == 1 and known.steps <= len(known.clearings) + 1:
                event = GradientsCleared(place=place, optimizer=known.called, waiting=known.place)
                told = f"{len(known.clearings)} times cleared unused, for {known.steps} steps"
                self.run.saw(event, told, codes=("NN203",), alone=False)
                return

    def _reached(self, backward: Backward) -> list[torch.Tensor]:
        found = {}
        for optimizer in self._told:
            for parameter in optimizer.parameters():
                if id(parameter) in backward.leaves:
                    found[id(parameter)] = parameter
        return list(found.values())


@dataclass(slots=True)
class _Optimizer:
    """What is known of one optimizer."""

    called: str
    reference: weakref.ref[torch.optim.Optimizer]
    steps: int = 0
    backwards: int = 0
    place: Place | None = None
    forward: Place | None = None
    early: Place | None = None  # its first step, if it found nothing
    filled: bool = False
    told_early: bool = False
    found: OptimizerStepped | None = None
    last_cleared: Place | None = None
    counts: list[int] = field(default_factory=list)  # of backward passes for each step
    clearings: list[tuple[Place, int, int]] = field(default_factory=list)  # of gradients that no step had used
    stepped_after: dict[int, bool] = field(default_factory=dict)  # backward passes that others have stepped on

    def parameters(self) -> list[torch.Tensor]:
        optimizer = self.reference()
        return _held(optimizer) if optimizer is not None else []

    def holds(self, module: torch.nn.Module) -> bool:
        own = {id(each) for each in self.parameters()}
        return any(id(each) in own for each in module.parameters())


@dataclass(slots=True)
class _Place:
    call: str
    count: int = 0
    optimizers: dict[int, _Optimizer] = field(default_factory=dict)


def _held(optimizer: torch.optim.Optimizer) -> list[torch.Tensor]:
    return [each for group in optimizer.param_groups for each in group["params"]][:MOST]


def _changed(event: OptimizerStepped, gradients: Gradients, backward: Place | None, **places: Any) -> OptimizerStepped:
    return OptimizerStepped(
        place=event.place, optimizer=event.optimizer, gradients=gradients, backward=backward, **places
    )


def _is_used(parameter: torch.Tensor, entry: Entry) -> bool:
    return entry.consumed is not None and not entry.since_step and mark_of(parameter) == entry.mark


def _is_divided(roots: Iterable[torch.Tensor]) -> bool:
    return any(root.grad_fn is not None and root.grad_fn.name().startswith(_DIVIDED) for root in roots)


def _norm(parameters: Iterable[torch.Tensor]) -> float:
    norms = [each.grad.norm() for each in parameters if each.grad is not None and each.grad.layout == torch.strided]
    return float(torch.stack([each.float().cpu() for each in norms]).norm()) if norms else 0.0


def _patch_clipping(steps: Steps) -> None:
    """Clipping is a function of Python's, which no mode sees."""
    for module in (torch.nn.utils, torch.nn.utils.clip_grad):
        for name in ("clip_grad_norm_", "clip_grad_value_"):
            original = getattr(module, name)

            def clip(parameters: Any, *args: Any, _original: Any = original, **kwargs: Any) -> Any:
                given = [parameters] if isinstance(parameters, torch.Tensor) else list(parameters)
                if not steps.run.muted:
                    steps.run.muted += 1
                    try:
                        steps.clipped(given)
                    finally:
                        steps.run.muted -= 1
                return _original(given, *args, **kwargs)

            steps.run.patches.put(module, name, clip)
