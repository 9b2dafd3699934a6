"""When the server checks what."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from nnlint.engine import Report
from nnlint.server import checks
from nnlint.server.checks import Checks

LOOKED, ALL = Report(files=1), Report(files=100)


class Large:
    """A project whose check goes on until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.checked: list[Mapping[Path, bytes]] = []

    def forget(self) -> None:
        pass

    def check(self, unsaved: Mapping[Path, bytes], progress: Callable[[int, int], None]) -> Report:
        self.checked.append(unsaved)
        while not self.go.wait(0.005):
            progress(1, 2)
        progress(2, 2)
        return ALL

    def first_look(self, unsaved: Mapping[Path, bytes]) -> Report:
        return LOOKED


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "PATIENCE", 0.02)


def watched(
    work: Callable[[Checks, Large, list[Any], dict[Path, bytes]], Any], heard: Callable[..., None] = lambda *step: None
) -> None:
    async def run() -> None:
        project, told, texts = Large(), [], {Path("/a.py"): b"1"}

        async def tell(project: Any, report: Report, is_last: bool = True) -> None:
            told.append((report, is_last))

        with ThreadPoolExecutor(1) as worker:
            made = Checks(project, lambda: texts, tell, told.append, heard, worker)  # type: ignore[arg-type]
            try:
                await asyncio.wait_for(work(made, project, told, texts), 60)
            finally:
                project.go.set()
                made.stop()

    asyncio.run(run())


def test_what_is_open_is_looked_at_before_a_large_project_is_through() -> None:
    async def work(made: Checks, project: Large, told: list[Any], texts: dict[Path, bytes]) -> None:
        made.touch()
        assert await made.settled() is LOOKED
        project.go.set()
        while made.report is not ALL:
            await asyncio.sleep(0.005)
        assert told == [(LOOKED, False), (ALL, True)]

    watched(work)


def test_newer_text_ends_a_check_of_older_text() -> None:
    async def work(made: Checks, project: Large, told: list[Any], texts: dict[Path, bytes]) -> None:
        made.touch()
        await made.settled()
        texts[Path("/a.py")] = b"2"
        made.touch()
        while len(project.checked) < 2:
            await asyncio.sleep(0.005)
        assert project.checked[1] == {Path("/a.py"): b"2"}

    watched(work)


def test_once_all_is_known_only_all_is_told() -> None:
    async def work(made: Checks, project: Large, told: list[Any], texts: dict[Path, bytes]) -> None:
        project.go.set()
        made.touch()
        assert await made.settled() is ALL
        project.go.clear()
        made.touch()
        await asyncio.sleep(0.2)
        project.go.set()
        assert await made.settled() is ALL
        assert told == [(ALL, True), (ALL, True)]

    watched(work)


@pytest.mark.parametrize(("tick", "is_heard"), [(0.0, True), (60.0, False)])
def test_progress_is_told_now_and_then(monkeypatch: pytest.MonkeyPatch, tick: float, is_heard: bool) -> None:
    monkeypatch.setattr(checks, "TICK", tick)
    steps: list[int] = []

    async def work(made: Checks, project: Large, told: list[Any], texts: dict[Path, bytes]) -> None:
        made.touch()
        await made.settled()
        project.go.set()
        while made.report is not ALL:
            await asyncio.sleep(0.005)

    watched(work, lambda project, number, total: steps.append(number))
    assert bool(steps) is is_heard
