"""Processes that do pieces of work side by side. Plain data crosses between them; the results come as they are done.

A worker that dies (killed for its memory, say) costs the piece that it was at, and no other.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar, cast

Task = TypeVar("Task")
Done = TypeVar("Done")
News = TypeVar("News")

START = "fork" if sys.platform == "linux" else "spawn"
"""How a worker begins. By fork, where that is safe, at once; else it imports first what it needs."""


def cores() -> int:
    """How many processors this process may use."""
    if sys.version_info >= (3, 13):
        return os.process_cpu_count() or 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers(Generic[Task, Done, News]):
    """`make` is called in each worker, and makes what does the tasks: given one, it returns what came of it."""

    def __init__(self, count: int, make: Callable[[], Worker[Task, Done, News]]) -> None:
        context: Any = multiprocessing.get_context(START)
        self._all: dict[Connection, Any] = {}
        for _ in range(count):
            here, there = context.Pipe()
            process = context.Process(target=_serve, args=(there, make, list(self._all)), daemon=True)
            process.start()
            there.close()
            self._all[here] = process

    def tell(self, news: News) -> None:
        """Let all workers know something before their next task."""
        for connection in list(self._all):
            self._send(connection, ("news", news))

    def do(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Done | None]]:
        """What came of each task; None where its worker died of it."""
        waiting = list(reversed(tasks))
        at_work: dict[Connection, Task] = {}
        while waiting or at_work:
            for connection in [each for each in self._all if each not in at_work]:
                if waiting and self._send(connection, ("task", waiting[-1])):
                    at_work[connection] = waiting.pop()
            if not at_work:  # nobody is left
                while waiting:
                    yield waiting.pop(), None
                return
            for ready in wait(list(at_work)):
                connection = cast(Connection, ready)
                task = at_work.pop(connection)
                try:
                    yield task, connection.recv()
                except (EOFError, OSError):
                    self._bury(connection)
                    yield task, None

    def stop(self) -> None:
        """End all workers at once, whatever they are at."""
        for connection in list(self._all):
            self._bury(connection)

    def _send(self, connection: Connection, message: tuple[str, Any]) -> bool:
        try:
            connection.send(message)
        except OSError:
            self._bury(connection)
            return False
        return True

    def _bury(self, connection: Connection) -> None:
        process = self._all.pop(connection)
        connection.close()
        process.kill()
        process.join()


class Worker(Generic[Task, Done, News]):
    """What a worker does."""

    def hear(self, news: News) -> None:
        raise NotImplementedError

    def do(self, task: Task) -> Done:
        raise NotImplementedError


def _serve(connection: Connection, make: Callable[[], Worker[Any, Any, Any]], others: Sequence[Connection]) -> None:
    """The life of a worker. That the user interrupts is the parent's to act upon, which ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for other in others:  # a fork has them, and a worker must notice when its parent is gone
        other.close()
    worker = make()
    while True:
        try:
            kind, content = connection.recv()
        except (EOFError, OSError):
            return
        if kind == "news":
            worker.hear(content)
        else:
            connection.send(worker.do(content))
