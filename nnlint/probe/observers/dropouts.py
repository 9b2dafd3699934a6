"""Dropout that drops in evaluation mode too, and layers that are built in each forward pass."""

from __future__ import annotations

import ast
from collections import Counter
from typing import Any

import torch
from torch import nn

from nnlint.events import DropoutRan, LayerBuilt
from nnlint.probe.observers.base import Observer
from nnlint.probe.places import words
from nnlint.probe.run import Call, Pass, Run
from nnlint.source import Place
from nnlint.values import Layer

_LAYERS = (nn.modules.dropout._DropoutNd,)


class Dropouts(Observer):
    """Compares the rate with which dropout runs with the mode of the module that it runs in."""

    decides = ("NN306", "NN307", "NN308")
    operations = frozenset({"dropout", "attention"})

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._built: dict[int, nn.Module] = {}  # dropout layers that were made in a forward pass
        self._fresh: Counter[Place] = Counter()  # layers with parameters, likewise
        self._owners: dict[Place, str] = {}
        self._kinds: dict[Place, str] = {}

    def calling(self, call: Call) -> None:
        module = next((each.module for each in reversed(self.run.passes) if not isinstance(each.module, _LAYERS)), None)
        inside = self.run.passes[-1].module if self.run.passes else None
        if module is None or call.place is None or (isinstance(inside, _LAYERS) and id(inside) not in self._built):
            return
        is_attention = call.operation == "attention"
        rate = call.kwargs.get("dropout_p", call.args[4] if len(call.args) > 4 else 0.0)
        if is_attention:
            drops = bool(rate)
        else:
            p = call.argument("p", 0.5)
            drops = bool(call.argument("training", True)) and isinstance(p, (int, float)) and 0 < p < 1
        event = DropoutRan(
            place=call.place,
            call=words(call.place),
            module=type(module).__name__,
            attention=is_attention,
            built=isinstance(inside, _LAYERS),
        )
        codes = ("NN307",) if is_attention else ("NN306",)
        if not module.training and drops:
            self.run.saw(event, f"it drops, and `{event.module}` is in evaluation mode", codes=codes, alone=False)
        elif not module.training:
            self.run.denied(event, f"nothing is dropped in evaluation mode of `{event.module}`", codes=codes)
        elif drops and (isinstance(inside, _LAYERS) or not _asks_for_mode(call.place, is_attention)):
            told = f"it drops with a rate that does not ask for the mode of `{event.module}`"
            self.run.saw(event, told, codes=codes, alone=False)

    def module_made(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if not self.run.in_forward or isinstance(module, torch.jit.ScriptModule):
            return
        if isinstance(module, _LAYERS):
            self._built[id(module)] = module
        place = self.run.places.here()
        if (
            place is not None
            and type(module).__module__.startswith("torch.nn.")
            and any(True for _ in module.parameters(recurse=False))
        ):
            self._fresh[place] += 1
            self._owners[place] = type(self.run.passes[-1].module).__name__
            self._kinds[place] = type(module).__name__

    def left(self, visit: Pass) -> None:
        self._built.pop(id(visit.module), None)

    def ended(self) -> None:
        for place, count in self._fresh.items():
            layer = Layer(self._kinds[place], words(place).partition("(")[0], place)
            event = LayerBuilt(place=place, layer=layer, module=self._owners[place])
            if count > 1:
                self.run.saw(event, f"built {count} times, in {count} forward passes", alone=count > 2)
            else:
                self.run.denied(event, "built once")


def _asks_for_mode(place: Place, is_attention: bool) -> bool:
    """Whether the call speaks of a mode: `training=…`, or a rate with a condition in it."""
    try:
        call = ast.parse(words(place, 10_000), mode="eval").body
    except SyntaxError:
        return True
    if not isinstance(call, ast.Call):
        return True
    names = {each.arg for each in call.keywords}
    speaks = any("training" in ast.unparse(each) for each in (*call.args, *(key.value for key in call.keywords)))
    return "training" in names or speaks or (not is_attention and len(call.args) > 2)
