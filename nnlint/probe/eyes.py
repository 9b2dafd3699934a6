"""Watches code in this very process, for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from nnlint.probe.hooks import Hooks
from nnlint.probe.limits import Request
from nnlint.probe.observers import observers
from nnlint.probe.run import Run


@contextmanager
def open_for(request: Request, report: Callable[[bytes], None]) -> Iterator[None]:
    """Hook into torch until the block ends, and report what is seen in it, as lines of `wire`."""
    run = Run(request, report)
    hooks = Hooks(run, [observer(run) for observer in observers()])
    try:
        hooks.install(lambda: None)
        with hooks.mode:
            yield
        run.completed = True
    finally:
        hooks.tell("ended")
        hooks.remove()
        run.muted += 1  # whatever still listens has nothing to say
