"""Work that is shared among processes comes to what one process comes to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nnlint import workers
from nnlint.config import Settings
from nnlint.engine import Report, check
from nnlint.foretelling import LARGEST_TASK
from nnlint.workers import Worker, Workers
from tests.sessions import MODEL, TRAIN


class Doubling(Worker[int, int, int]):
    """Doubles numbers, and adds what it has heard. Some numbers it can not bear."""

    def __init__(self) -> None:
        self.heard = 0

    def hear(self, news: int) -> None:
        self.heard = news

    def do(self, task: int) -> int:
        if task == 13:
            os.kill(os.getpid(), signal.SIGKILL)
        return 2 * task + self.heard


@pytest.fixture(params=["fork", "spawn"])
def start(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    name: str = request.param
    monkeypatch.setattr(workers, "START", name)
    return name


def test_each_task_is_done_once(start: str) -> None:
    hands = Workers(3, Doubling)
    try:
        assert dict(hands.do(range(20, 60))) == {number: 2 * number for number in range(20, 60)}
    finally:
        hands.stop()


def test_all_workers_hear_the_news(start: str) -> None:
    hands = Workers(3, Doubling)
    try:
        hands.tell(5)
        assert dict(hands.do(range(9))) == {number: 2 * number + 5 for number in range(9)}
    finally:
        hands.stop()


def test_a_worker_that_dies_costs_its_own_task_only(start: str) -> None:
    hands = Workers(2, Doubling)
    try:
        assert dict(hands.do(range(20))) == {number: None if number == 13 else 2 * number for number in range(20)}
    finally:
        hands.stop()


def test_when_all_have_died_what_is_left_is_told_undone(start: str) -> None:
    hands = Workers(1, Doubling)
    try:
        assert dict(hands.do([12, 13, 14])) == {12: 24, 13: None, 14: None}
    finally:
        hands.stop()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Enough code that it is worth to share the work: many copies of a bug across two files."""
    (tmp_path / "pyproject.toml").write_text("[tool.nnlint]\n", encoding="utf-8")
    rest = "\n\ndef unused(x):\n    return x\n" * (LARGEST_TASK // 100)
    for number in range(6):
        folder = tmp_path / f"part_{number}"
        folder.mkdir()
        (folder / "model.py").write_text(MODEL + rest, encoding="utf-8")
        (folder / "train.py").write_text(TRAIN, encoding="utf-8")
    (tmp_path / "part_3" / "broken.py").write_text("import torch\nprint 'old'\n", encoding="utf-8")
    return tmp_path


def test_the_report_is_the_same_for_any_number_of_workers(project: Path, start: str) -> None:
    def report(count: int) -> Report:
        return check([project], Settings(), workers=count)

    alone = report(1)
    assert len(alone.findings) == 7
    assert [report(2), report(5)] == [alone, alone]


def test_who_interrupts_does_not_wait(project: Path) -> None:
    for number in range(40):
        (project / f"more_{number}.py").write_text(
            "import torch\n" + "for i in x:\n    torch.zeros(3).view(3)\n" * 800, encoding="utf-8"
        )
    command = [sys.executable, "-m", "nnlint", "--no-cache", "--workers", "3", str(project)]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    time.sleep(4)
    assert run.poll() is None, "it is to be at work"
    os.killpg(run.pid, signal.SIGINT)
    _, said = run.communicate(timeout=20)
    assert run.returncode == 130
    assert b"Traceback" not in said
    left = subprocess.run(["ps", "-o", "pid=", "-s", str(run.pid)], capture_output=True, text=True, check=False)
    assert not left.stdout.split()
