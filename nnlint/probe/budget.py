"""A short run of a long script: loops and loaders that train or evaluate end after a few steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

OUTER_PASSES = 2  # of a loop around loops that train: two epochs show the return from evaluation to training
PATIENCE = 32  # batches without a step, while gradients are accumulated, for each step that is wanted


class Enough(BaseException):
    """Raised in the script once nothing more is to be seen; no `except Exception` swallows it."""


@dataclass(slots=True)
class Work:
    """What has been done so far, in counts."""

    steps: int = 0
    backwards: int = 0
    forwards: int = 0
    trained_loops: int = 0  # ended or cut loops in which an optimizer stepped


class Budget:
    """Decides when a loop has shown enough."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.work = Work()
        self.lengths: set[int] = set()  # of the loops around loops that train, which go over epochs
        self.cut: dict[str, int] = {}  # what was cut short, for the report
        self._while: dict[tuple[int, int], _Passes] = {}  # by frame and line

    def loop(self, iterable: Any, site: int) -> Iterator[Any]:
        """The items of a `for` statement, cut short when the passes train."""
        watch = _Passes(self)
        length = len(iterable) if isinstance(iterable, range) else getattr(iterable, "total", None)
        try:
            for item in iterable:
                watch.begin()
                yield item
                if watch.end():
                    self._note("loop")
                    break
        finally:
            if watch.is_outer and isinstance(length, int):
                self.lengths.add(length)
            watch.close()

    def goes_on(self, test: Any, loop: tuple[int, int]) -> Any:
        """The value of a `while` statement's test, false when the passes have shown enough."""
        watch = self._while.get(loop)
        if watch is None:
            watch = self._while[loop] = _Passes(self)
        elif watch.end() and test:
            self._note("loop")
            test = False
        watch.begin()
        if not test:
            self._while.pop(loop).close()
        return test

    def batches(self, indices: Iterator[Any], ends: bool = True) -> Iterator[Any]:
        """The batches of a loader, cut short, with the last of them, if it `ends`: it may be a smaller one."""
        start = self.work.steps, self.work.backwards
        for seen, batch in enumerate(indices, 1):
            yield batch
            stepped, differentiated = self.work.steps - start[0], self.work.backwards - start[1]
            if stepped >= self.steps or seen >= (PATIENCE * self.steps if differentiated else self.steps):
                break
        last = None
        for last in indices if ends else ():  # noqa: B007
            pass
        if last is not None:
            self._note("loader")
            yield last

    def _note(self, what: str) -> None:
        self.cut[what] = self.cut.get(what, 0) + 1


class _Passes:
    """The passes of one loop."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._stepped = 0
        self.is_outer = False
        self._before = (0, 0)

    def begin(self) -> None:
        work = self._budget.work
        self._before = (work.steps, work.trained_loops)

    def end(self) -> bool:
        """Whether the pass that ends now was the last one that is wanted."""
        work = self._budget.work
        if work.steps > self._before[0]:
            self._stepped += 1
            self.is_outer |= work.trained_loops > self._before[1]
        steps = self._budget.steps + 1  # a loader adds its last batch
        return self._stepped >= (OUTER_PASSES if self.is_outer else steps)

    def close(self) -> None:
        self._budget.work.trained_loops += bool(self._stepped)
