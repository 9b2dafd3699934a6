"""Long work is shown with how far it has come, where the client shows such things."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from nnlint.server.project import Project
    from nnlint.server.server import Server

PATIENCE = 0.5  # seconds before a check is worth a word


class Progress:
    """Of each project that is being checked one bar."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._began: dict[Project, float] = {}
        self._shown: dict[Project, str] = {}

    @asynccontextmanager
    async def shown(self, title: str) -> AsyncIterator[None]:
        """Of work that takes its time."""
        window, steps = self._server.client_capabilities.window, self._server.work_done_progress
        if window is None or not window.work_done_progress:
            yield
            return
        token = str(uuid.uuid4())
        await steps.create_async(token)
        steps.begin(token, types.WorkDoneProgressBegin(title))
        try:
            yield
        finally:
            steps.end(token, types.WorkDoneProgressEnd())

    def checking(self, project: Project, number: int, total: int) -> None:
        """Heard on the server's own thread."""
        began = self._began.setdefault(project, time.monotonic())
        window = self._server.client_capabilities.window
        if window is None or not window.work_done_progress or time.monotonic() - began < PATIENCE:
            return
        token = self._shown.get(project)
        if token is None:
            token = self._shown[project] = str(uuid.uuid4())
            self._server.work_done_progress.create(token)
            begin = types.WorkDoneProgressBegin(f"nnlint: {project.root.name}", percentage=0)
            self._server.work_done_progress.begin(token, begin)
        percentage = 100 * number // max(total, 1)
        self._server.work_done_progress.report(token, types.WorkDoneProgressReport(percentage=percentage))

    def done(self, project: Project) -> None:
        self._began.pop(project, None)
        token = self._shown.pop(project, None)
        if token is not None:
            self._server.work_done_progress.end(token, types.WorkDoneProgressEnd())
