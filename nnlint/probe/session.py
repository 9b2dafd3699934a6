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
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nnlint.probe import wire
from nnlint.probe.limits import Request
from nnlint.probe.wire import Sighting

PATIENCE = 5.0  # seconds beyond the time limit in which the child may say what it saw
LONGEST_LINE = 16 << 20
LONGEST_OUTPUT = 1 << 16
LOOK = 0.05  # seconds between two looks at a child that is silent
MOST_MESSAGES = 100_000  # of one run; a script may send what it likes
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
    messages: int = 0

    @property
    def has_random_data(self) -> bool:
        """Whether data were made up, so that nothing follows from their values."""
        return any(note["kind"] == "data substituted" for note in self.notes)

    def hear(self, line: bytes) -> None:
        """Take in one message of the child. What is none is passed over: the script can write there, too."""
        self.messages += 1
        if self.messages <= MOST_MESSAGES:
            with contextlib.suppress(ValueError, KeyError, AttributeError, TypeError, RecursionError, wire.WireError):
                message = json.loads(line)
                self._take_in(message.pop("kind"), message)

    def _take_in(self, kind: str, message: dict[str, Any]) -> None:
        match kind:
            case "sighting":
                self.sightings.append(wire.load(message))
            case "started":
                self.decides = frozenset(message.get("decides", ()))
            case "ended":
                self.steps, self.cut = int(message.get("steps", 0)), dict(message.get("cut", {}))
                self.files = tuple(map(str, message.get("files", ())))
                self.how, self.error = str(message.get("how")), str(message.get("error", ""))
            case "killed":
                self.error = str(message.get("reason", ""))
            case "fault":
                self.faults.append(message)
            case "losses":
                self.losses, self.seeded = tuple(message.get("values", ())), bool(message.get("seeded"))
            case "check":
                self.checks.append({**message, **{key: str(message[key]) for key in ("name", "status", "told")}})
            case str():
                self.notes.append({"kind": kind, **message})


def run(request: Request, python: str = sys.executable) -> Testimony:
    """Run a script in a child process, which has ended, with all that it started, when this returns."""
    with tempfile.TemporaryDirectory(prefix="nnlint-", ignore_cleanup_errors=True) as scratch:
        request = replace(request, scratch=scratch)
        testimony = Testimony(request)
        started = time.monotonic()
        read, write = os.pipe()
        child = subprocess.Popen(
            [python, "-c", START, str(Path(__file__).parents[2]), str(write)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(write,),
            start_new_session=True,
            cwd=request.folder,
            env=environment(request),
        )
        os.close(write)
        printed = _Tail()
        try:
            assert child.stdin is not None
            assert child.stdout is not None
            with contextlib.suppress(BrokenPipeError):
                child.stdin.write(request.to_json().encode() + b"\n")
                child.stdin.flush()
            hear: dict[int, _Lines | _Tail] = {read: _Lines(testimony), child.stdout.fileno(): printed}
            _listen(child, hear, started + time_allowed(request))
        finally:
            end(child)
            os.close(read)
        testimony.seconds = time.monotonic() - started
        testimony.output = printed.text
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


class _Lines:
    """Messages of the child, as they come in."""

    def __init__(self, testimony: Testimony) -> None:
        self._testimony = testimony
        self._pending = b""

    def take(self, data: bytes) -> None:
        *lines, pending = (self._pending + data).split(b"\n")
        self._pending = pending[-LONGEST_LINE:]
        for line in lines:
            self._testimony.hear(line)


class _Tail:
    """The last of what was printed."""

    def __init__(self) -> None:
        self._data = bytearray()

    def take(self, data: bytes) -> None:
        self._data += data
        if len(self._data) > 2 * LONGEST_OUTPUT:
            del self._data[:-LONGEST_OUTPUT]

    @property
    def text(self) -> str:
        return self._data[-LONGEST_OUTPUT:].decode(errors="replace")


def _listen(child: subprocess.Popen[bytes], hear: Mapping[int, _Lines | _Tail], deadline: float) -> None:
    """Take in what the child says until it ends, or its time does, whoever else holds its pipes open."""
    with selectors.DefaultSelector() as selector:
        for descriptor in hear:
            os.set_blocking(descriptor, False)
            selector.register(descriptor, selectors.EVENT_READ)
        while time.monotonic() < deadline:
            ended = child.poll() is not None  # asked before the last look, so that nothing is missed
            if not selector.get_map():
                time.sleep(0 if ended else LOOK)
            ready = selector.select(0 if ended else LOOK)
            for key, _ in ready:
                data = _read(key.fd)
                if data:
                    hear[key.fd].take(data)
                else:
                    selector.unregister(key.fd)
            if ended and not ready:
                return


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 20)
    except BlockingIOError:
        return b""


def end(child: subprocess.Popen[bytes]) -> None:
    """End the child, which is the script's warden, and with it everything that the script started."""
    if child.stdin is not None:
        with contextlib.suppress(OSError):
            child.stdin.close()
    try:
        child.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    if child.stdout is not None:
        child.stdout.close()


def _fate(code: int | None, testimony: Testimony) -> str:
    if testimony.seconds >= testimony.request.limits.time_limit:
        return f"the run took longer than {testimony.request.limits.time_limit:g} s and was ended"
    if code is not None and code < 0:
        return f"the run was ended by signal {signal.Signals(-code).name}"
    return f"the run ended with status {code} and without a report"
