"""What a program does with the biases of its layers: one that works with them can not do without."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nnlint.events import LayerRan
from nnlint.interpreter.objects import Frame, Instance, Union, Unknown
from nnlint.interpreter.wording import text_of
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

_LOADING = frozenset({"load_state_dict", "load_url", "load_state_dict_from_url"})


class Biases:
    """The biases that one root works with, by the class of their layers."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def read(self, run: Interpreter, expr: ir.Attribute, frame: Frame) -> None:
        """`layer.bias` is worked with: part of it is asked for, or it is given to a function."""
        if any("bias" in (text := text_of(test)) or "orm" in text for test in run.tests):
            return  # if there is one, or of a norm
        owner = run.evaluate(expr.value, frame)
        for each in owner.alternatives if isinstance(owner, Union) else (owner,):
            if isinstance(each, Instance):
                self._used.add(each.class_name)
            elif isinstance(each, Unknown):
                self._used.add("")

    def told(self, run: Interpreter, event: LayerRan) -> LayerRan:
        used = event.fed_by is not None and bool(self._used & {event.fed_by.kind, ""})
        return replace(event, bias_used=used)


def loads_weights(run: Interpreter, frame: Frame) -> bool:
    """Whether anything in the project loads weights, or may work with the biases of layers."""
    readers, path = run.program.readers, frame.namespace.path
    return readers.is_touched(path, "bias") or any(readers.may_read(path, "", name) for name in _LOADING)


def of_layer(expr: ir.Expr) -> ir.Attribute | None:
    """`layer.bias`."""
    return expr if isinstance(expr, ir.Attribute) and expr.attr == "bias" else None
