"""Keeps what several observers ask for: what tensors are made of, and which parameters learn when."""

from __future__ import annotations

from typing import Any

import torch

from nnlint.probe.learners import learners_of
from nnlint.probe.lessons import lessons_of
from nnlint.probe.observers.base import Observer
from nnlint.probe.run import Backward, Call, Run
from nnlint.probe.taint import taint_of


class Bookkeeping(Observer):
    """Says nothing itself."""

    operations = frozenset({"*"})

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._taint, self._learners, self._lessons = taint_of(run), learners_of(run), lessons_of(run)

    def called(self, call: Call) -> None:
        self._taint.ran(call)

    def module_made(self, module: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._learners.module_made(module)

    def weights_loaded(self, module: torch.nn.Module) -> None:
        self._learners.loaded(module)

    def optimizer_made(self, optimizer: torch.optim.Optimizer) -> None:
        self._learners.made(optimizer)

    def differentiating(self, backward: Backward) -> None:
        self._learners.taught(backward)

    def differentiated(self, backward: Backward) -> None:
        self._learners.forget()
        self._lessons.enter(backward)

    def failed(self, backward: Backward, error: Exception) -> None:
        self._learners.forget()
        self._lessons.enter(backward)

    def stepped(self, optimizer: torch.optim.Optimizer) -> None:
        self._lessons.stepped(optimizer)
        self._learners.stepped(optimizer)
