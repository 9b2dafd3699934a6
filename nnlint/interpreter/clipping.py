"""Gradients of recurrent networks: whether anything bounds them before a step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nnlint.events import RecurrentNetTrained
from nnlint.interpreter import modes
from nnlint.interpreter.objects import Bound, External, Function, Instance, Method, Obj, Unknown, Value
from nnlint.interpreter.parameters import OF
from nnlint.source import Place

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

RECURRENT = frozenset(f"torch.nn.{kind}{cell}" for kind in ("RNN", "LSTM", "GRU") for cell in ("", "Cell"))
_HOOKS = frozenset(["register_hook", "register_post_accumulate_grad_hook", "register_full_backward_hook"])
_WRITES = frozenset(["clamp_", "clip_", "mul_", "div_", "copy_", "clamp_max_", "renorm_"])


@dataclass(slots=True)
class Clipping:
    """The steps of one root on recurrent networks."""

    _steps: dict[Place, tuple[str, Instance]] = field(default_factory=dict)
    _bounded: bool = False

    def stepped(self, optimizer: Obj, held: frozenset[Obj] | None, place: Place, called: str) -> None:
        """`optimizer.step()`, where it holds the parameters of some modules."""
        if isinstance(optimizer, Instance) and optimizer.class_name == "LBFGS":
            return  # it estimates curvature by gradients, which clipping would spoil
        for module in sorted(held or (), key=lambda each: each.serial):
            layer = _recurrent_layer(module)
            if layer is not None:
                self._steps.setdefault(place, (called, layer))

    def called(self, callee: Value) -> None:
        """Something is called that may bound gradients."""
        match callee:
            case External(dotted=dotted):
                bounds = "clip_grad" in dotted
            case Method(receiver=Unknown() as receiver, name=name) if name in _WRITES:
                bounds = _is_gradient(receiver)
            case Method(name=name) | Function(name=name) | Bound(function=Function(name=name)):
                bounds = ("clip" in name and name not in ("clip", "clip_")) or name in _HOOKS
            case Unknown(name=name):
                bounds = ("clip" in name and name != "clip") or name in _HOOKS
                owner = callee.lazies.get("<owner>")
                bounds = bounds or (name in (*_WRITES, "clip") and isinstance(owner, Unknown) and _is_gradient(owner))
            case _:
                bounds = False
        self._bounded = self._bounded or bounds

    def events(self, run: Interpreter) -> Iterator[RecurrentNetTrained]:
        for place, (called, layer) in self._steps.items():
            yield RecurrentNetTrained(
                place=place,
                optimizer=called,
                layer=layer.class_name,
                layer_name=layer.name,
                layer_made=layer.made,
                bounded=self._bounded,
            )


def _is_gradient(value: Unknown) -> bool:
    """`p.grad`, `p.grad.data`."""
    owner = value.lazies.get("<owner>")
    return value.name == "grad" or (isinstance(owner, Unknown) and owner.name == "grad" and OF not in value.lazies)


def _recurrent_layer(module: Obj) -> Instance | None:
    frozen: set[int] = set()
    for each in modes.descendants(module):
        if isinstance(each, Obj) and each.fields.get(modes.FROZEN):
            frozen.update(id(below) for below in modes.descendants(each))
    for each in modes.descendants(module):
        is_recurrent = isinstance(each, Instance) and isinstance(each.cls, External) and each.cls.dotted in RECURRENT
        if is_recurrent and id(each) not in frozen and isinstance(each, Instance):
            return each
    return None
