"""Hooks into torch: what the script does with it is shown to the observers. Nothing that torch computes is changed.

Data loaders are an exception: they end after a few batches (`budget`), and their workers run in the script's process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch

from nnlint.probe.calls import Calls
from nnlint.probe.observers.base import Observer
from nnlint.probe.patches.loaders import hook_loaders
from nnlint.probe.patches.modules import hook_modules
from nnlint.probe.patches.schedulers import hook_schedulers
from nnlint.probe.patches.training import hook_training
from nnlint.probe.run import Run, is_in_place


class Hooks:
    """All hooks of one run, from `install` to `remove`."""

    def __init__(self, run: Run, observers: Iterable[Observer]) -> None:
        self.run = run
        self._observers = list(observers)
        self._dropped: set[Observer] = set()  # those that failed
        self._lists: dict[str, list[Callable[..., None]]] = {}
        self._stop: Callable[[], None] = lambda: None
        self.mode = Calls(self)

    def install(self, stop: Callable[[], None]) -> None:
        """Hook into torch. `stop` is asked at each forward pass and step; it may raise to end the script."""
        self._stop = stop
        hook_modules(self)
        hook_training(self)
        hook_schedulers(self)
        hook_loaders(self)

    def remove(self) -> None:
        """Leave torch as it was."""
        self.run.patches.undo()

    def patch(self, owner: Any, name: str, value: object) -> None:
        """Put a value in the place of an attribute, until the hooks are removed."""
        self.run.patches.put(owner, name, value)

    def until_removed(self, undo: Callable[[], object]) -> None:
        """What is to be called when the hooks are removed."""
        self.run.patches.until_undone(undo)

    def tell(self, what: str, *arguments: Any) -> None:
        """Call the method `what` of each observer that has one. An observer that fails is not asked again."""
        if not self.run.muted:
            methods = self.listening(what)
            if methods:
                self.ask_all(methods, *arguments)

    def listening(self, what: str) -> list[Callable[..., None]]:
        if what not in self._lists:
            base = getattr(Observer, what)
            self._lists[what] = [
                getattr(observer, what) for observer in self._observers if getattr(type(observer), what) is not base
            ]
        return self._lists[what]

    def wanting(self, what: str, name: str, operation: str, computes: bool = True) -> list[Callable[..., None]]:
        """Those methods whose observer wants to see this torch function."""
        kinds = {name, operation}
        if computes:
            kinds |= {"*", "*_" if is_in_place(name) else "*"}
        found = []
        for method in self.listening(what):
            observer: Observer = method.__self__  # type: ignore[attr-defined]
            before = observer.operations_before if what == "calling" else None
            if kinds & (observer.operations if before is None else before):
                found.append(method)
        return found

    def ask_all(self, methods: Sequence[Callable[..., None]], *arguments: Any) -> None:
        run, dropped, with_gradients = self.run, self._dropped, torch.is_grad_enabled()
        run.muted += 1  # what observers compute is nobody's business
        with torch._C.DisableTorchFunction():
            torch._C._set_grad_enabled(False)  # as `no_grad` does, which takes ten times as long
            try:
                for method in methods:
                    try:
                        if not dropped or method.__self__ not in dropped:  # type: ignore[attr-defined]
                            method(*arguments)
                    except Exception as error:
                        self._drop(method.__self__, error)  # type: ignore[attr-defined]
            finally:
                torch._C._set_grad_enabled(with_gradients)
                run.muted -= 1

    def stop_if_enough(self) -> None:
        if not self.run.muted:
            self._stop()

    def _drop(self, observer: Observer, error: Exception) -> None:
        self._dropped.add(observer)
        reason = f"{type(error).__name__}: {error}"
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        if trace is not None:
            reason += f" ({trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno})"
        self.run.say("fault", observer=type(observer).__name__, reason=reason, codes=list(observer.decides))
