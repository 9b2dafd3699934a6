"""When what is checked: after an edit, once the typing pauses, on a thread of its own, and not for text that is old."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from nnlint.engine import Report
from nnlint.server.judged import Judged
from nnlint.server.project import Cancelled, Project

SHORTEST_PAUSE, LONGEST_PAUSE = 0.02, 0.2  # seconds without a keystroke before a check
SHARE_OF_CHECK = 0.15  # that the pause takes of the seconds that the last check took
QUICK = 0.5  # seconds of a check that leaves so little behind that it is cleaned up once all is told
TICK = 0.1  # seconds between two words of progress
PATIENCE = 1.0  # seconds after which a first look at what is open is better than nothing


class Tell(Protocol):
    """Hears of a report; `is_last` says that no better one on the same texts is to come."""

    def __call__(self, project: Project, report: Report, is_last: bool = True) -> Awaitable[None]: ...


class Checks:
    """The checks of one project, one after the other. `tell` is called with each report that is up to date.

    `contents` gives the texts that are open, `progress` hears how far a long check has come.
    """

    def __init__(
        self,
        project: Project,
        contents: Callable[[], Mapping[Path, bytes]],
        tell: Tell,
        fail: Callable[[Exception], None],
        progress: Callable[[Project, int, int], None],
        worker: ThreadPoolExecutor,
    ) -> None:
        self.project = project
        self.report: Report | None = None
        self._is_known = False  # all files have been checked once
        self._took = 0.0  # seconds, the last check
        self._contents = contents
        self._tell = tell
        self._fail = fail
        self._progress = progress
        self._worker = worker
        self._plain: Report | None = None  # without what runs have shown
        self._judged: Judged | None = None
        self._wanted = 0
        self._done = 0
        self._task: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()
        self._glimpse: asyncio.Future[None] | None = None

    def touch(self, *, forget: bool = False) -> None:
        """Something has changed; `forget` if it is more than the text of files."""
        self._wanted += 1
        self._settled.clear()
        if forget:
            self.project.forget()
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._run())

    async def settled(self) -> Report | None:
        """The report on what is there now; None where there can be none.

        As long as not all files have been checked once, which may take its time, it is about what is open.
        """
        await self._settled.wait()
        return self.report

    async def fixed(self, path: Path) -> tuple[str, str] | None:
        """The text of a file before and after all safe fixes that change this file only; None without any."""
        contents = dict(self._contents())
        return await asyncio.get_running_loop().run_in_executor(self._worker, self.project.fixed, path, contents)

    async def judge(self, judged: Judged) -> None:
        """A run has shown something: it counts for this report and for those to come."""
        self._judged = judged
        await self.settled()
        if self._plain is not None:
            self.report = judged.onto(self._plain, self._contents())
            await self._tell(self.project, self.report)

    def stop(self) -> None:
        """Others take over; who waits is to ask them."""
        self._wanted += 1
        if self._task is not None:
            self._task.cancel()
        self._settled.set()

    async def _run(self) -> None:
        while self._done != self._wanted:
            version = self._wanted
            await asyncio.sleep(min(max(SHORTEST_PAUSE, SHARE_OF_CHECK * self._took), LONGEST_PAUSE))
            if version != self._wanted:
                continue  # still typing
            began = time.monotonic()
            is_quick = self._is_known and self._took < QUICK
            if is_quick:
                gc.disable()
            try:
                report = await self._checked(version)
            except Cancelled:
                continue
            except Exception as error:
                self._fail(error)
                report = self._plain or Report()
            finally:
                gc.enable()
            self._took = time.monotonic() - began
            self._done = version
            if not self._is_known:
                gc.freeze()  # what the first check has made stays: it is not gone through after keystrokes
            self._is_known = True
            self._plain = report
            self.report = report = self._judged.onto(report, self._contents()) if self._judged else report
            if self._done == self._wanted:
                self._settled.set()
            await self._tell(self.project, report)
            if is_quick:
                await asyncio.get_running_loop().run_in_executor(self._worker, gc.collect)

    async def _checked(self, version: int) -> Report:
        contents = dict(self._contents())
        loop = asyncio.get_running_loop()

        began = told = time.monotonic()
        has_looked = self._is_known

        def progress(number: int, total: int) -> None:
            nonlocal has_looked, told
            if version != self._wanted:
                raise Cancelled
            now = time.monotonic()
            if now - told > TICK:
                told = now
                loop.call_soon_threadsafe(self._progress, self.project, number, total)
            if not has_looked and contents and now - began > PATIENCE:
                has_looked = True
                loop.call_soon_threadsafe(self._glimpsed, version, self.project.first_look(contents))

        return await loop.run_in_executor(self._worker, self.project.check, contents, progress)

    def _glimpsed(self, version: int, report: Report) -> None:
        if version == self._wanted and not self._is_known:
            self.report = report
            self._settled.set()
            self._glimpse = asyncio.ensure_future(self._tell(self.project, report, is_last=False))
