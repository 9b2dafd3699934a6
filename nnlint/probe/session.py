"""The parent of a run: starts the child, keeps its time, ends whatever it left behind, and holds what was seen."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nnlint.probe import wire
from nnlint.probe.limits import Request
from nnlint.probe.wire import Sighting

PATIENCE = 5.0  # seconds beyond the time limit in which the child may say what it saw
LONGEST_LINE = 16 << 20
START = """
import sys
sys.path[:] = [*filter(None, sys.path), sys.argv[1]]
from nnlint.probe.child import main
main()
"""
"""How the child starts, in any Python that has torch: its own packages first, nothing out of the working folder."""


@dataclass(slots=True)
class Testimony:
    """What came of one run. `how` it ended: finished, stopped (enough was seen), crashed, unrunnable, killed."""

    request: Request
    how: str = "killed"
    error: str = ""
    steps: int = 0
    files: tuple[str, ...] = ()  # the user's own, that the script imported
    seconds: float = 0.0
    cut: dict[str, int] = field(default_factory=dict)  # loops and loaders that were cut short
    decides: frozenset[str] = frozenset()
    sightings: list[Sighting] = field(default_factory=list)
    faults: list[dict[str, Any]] = field(default_factory=list)  # of the probe itself
    notes: list[dict[str, Any]] = field(default_factory=list)  # what was substituted, redirected, refused
    checks: list[dict[str, Any]] = field(default_factory=list)  # of the recipe
    losses: tuple[float, ...] = ()  # that were differentiated, in order, where the recipe is asked for
    seeded: bool = False  # the script seeds torch
    output: str = ""  # the last of what the script printed

    def hear(self, line: bytes) -> None:
        """Take in one message of the child; what is none is passed over."""
        with contextlib.suppress(ValueError, KeyError, AttributeError, TypeError, wire.WireError):
            message = json.loads(line)
            self._take_in(str(message.pop("kind")), message)

    def _take_in(self, kind: str, message: dict[str, Any]) -> None:
        match kind:
            case "sighting":
                self.sightings.append(wire.load(message))
            case "started":
                self.decides = frozenset(message.get("decides", ()))
            case "ended":
                self.how, self.error = str(message.get("how")), str(message.get("error", ""))
                self.steps, self.cut = int(message.get("steps", 0)), dict(message.get("cut", {}))
                self.files = tuple(map(str, message.get("files", ())))
            case "fault":
                self.faults.append(message)
            case "losses":
                self.losses, self.seeded = tuple(message.get("values", ())), bool(message.get("seeded"))
            case "check":
                self.checks.append({**message, **{key: str(message[key]) for key in ("name", "status", "told")}})
            case _:
                self.notes.append({"kind": kind, **message})


def run(request: Request, python: str = sys.executable) -> Testimony:
    """Run a script in a child process, which has ended, with all that it started, when this returns."""
    with tempfile.TemporaryDirectory(prefix="nnlint-", ignore_cleanup_errors=True) as scratch:
        request = replace(request, scratch=scratch)
        testimony = Testimony(request)
        printed = Path(scratch) / "output.txt"
        started = time.monotonic()
        read, write = os.pipe()
        with printed.open("wb") as output:
            child = subprocess.Popen(
                [python, "-c", START, str(Path(__file__).parents[2]), str(write)],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(write,),
                start_new_session=True,
                cwd=request.folder,
                env=environment(request),
            )
        os.close(write)
        try:
            assert child.stdin is not None
            with contextlib.suppress(BrokenPipeError), child.stdin:
                child.stdin.write(request.to_json().encode() + b"\n")
            _listen(child, read, testimony, started + time_allowed(request))
        finally:
            end(child)
            os.close(read)
        testimony.seconds = time.monotonic() - started
        testimony.output = _tail(printed)
        if testimony.how == "killed" and not testimony.error:
            testimony.error = _fate(child.returncode, testimony)
        return testimony


def time_allowed(request: Request) -> float:
    """Seconds after which a run is ended from outside."""
    limits = request.limits
    return limits.time_limit + PATIENCE + (2 * limits.recipe_time if request.recipe else 0)


def environment(request: Request) -> dict[str, str]:
    """The child's environment: nothing compiled, no GPU unless asked for."""
    return {
        **os.environ,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "TORCHDYNAMO_DISABLE": "1",
        "PYTORCH_JIT": "0",
        **({} if request.limits.device.startswith("cuda") else {"CUDA_VISIBLE_DEVICES": ""}),
    }


def _listen(child: subprocess.Popen[bytes], read: int, testimony: Testimony, deadline: float) -> None:
    """Take in the child's messages until it ends, or its time does."""
    os.set_blocking(read, False)
    pending = b""
    with selectors.DefaultSelector() as selector:
        selector.register(read, selectors.EVENT_READ)
        while True:
            ended = child.poll() is not None  # asked before the last look, so that nothing is missed
            if selector.select(0 if ended else min(0.2, max(deadline - time.monotonic(), 0))):
                data = _read(read)
                *lines, pending = (pending + data).split(b"\n")
                for line in lines:
                    testimony.hear(line)
                pending = pending[-LONGEST_LINE:]
                if data:
                    continue
                selector.unregister(read)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(max(deadline - time.monotonic(), 0))
                return
            if ended or time.monotonic() > deadline:
                return


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 20)
    except BlockingIOError:
        return b""


def end(child: subprocess.Popen[bytes]) -> None:
    """End the child and everything that it started in its session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _tail(printed: Path, limit: int = 4000) -> str:
    try:
        with printed.open("rb") as file:
            file.seek(max(0, printed.stat().st_size - limit))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def _fate(code: int | None, testimony: Testimony) -> str:
    if testimony.seconds >= testimony.request.limits.time_limit:
        return f"the run took longer than {testimony.request.limits.time_limit:g} s and was ended"
    if code is not None and code < 0:
        return f"the run was ended by signal {signal.Signals(-code).name}"
    return f"the run ended with status {code} and without a report"
