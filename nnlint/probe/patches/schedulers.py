"""Learning-rate schedulers: made and stepped."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from torch.optim import lr_scheduler

from nnlint.probe.patches.wrapping import Outermost, wrap_constructors

if TYPE_CHECKING:
    from nnlint.probe.hooks import Hooks


def hook_schedulers(hooks: Hooks) -> None:
    base, nested = lr_scheduler.LRScheduler, Outermost()

    def wrap_step(cls: type) -> None:
        original = cls.__dict__.get("step")
        if original is None:
            return

        @functools.wraps(original)
        def step(self: Any, *args: Any, **kwargs: Any) -> Any:
            with nested as outermost:
                result = original(self, *args, **kwargs)
                if outermost and hooks.run.places.frame() is not None:
                    hooks.tell("scheduler_stepped", self)
                return result

        hooks.patch(cls, "step", step)

    pending: list[type] = [base]
    while pending:
        cls = pending.pop()
        wrap_step(cls)
        pending += cls.__subclasses__()
    each: Any
    for each in (base, *_below(base)):
        _within(hooks, each, nested)

    def scheduler_made(scheduler: Any, args: Any, kwargs: Any) -> None:
        hooks.run.book.enter(scheduler)
        hooks.tell("scheduler_made", scheduler)

    wrap_constructors(hooks, base, scheduler_made)


def _below(base: type[Any]) -> Iterator[type[Any]]:
    for cls in base.__subclasses__():
        yield cls
        yield from _below(cls)


def _within(hooks: Hooks, cls: type, nested: Outermost) -> None:
    """What a constructor does is no step of the user's."""
    original = cls.__dict__.get("__init__")
    if original is None:
        return

    @functools.wraps(original)
    def constructed(self: Any, *args: Any, **kwargs: Any) -> None:
        with nested:
            original(self, *args, **kwargs)

    hooks.patch(cls, "__init__", constructed)
