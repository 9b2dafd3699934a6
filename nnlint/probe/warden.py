"""The warden: a small process between the parent and the script, which ends all that the script started.

A script may fork, leave its process group, ignore signals, or take all memory. What it orphans becomes a child of the
warden (Linux: a "subreaper"), so nothing gets away. The warden ends everything when the script has ended, when the
parent closes its standard input or dies, and when more is used up than allowed.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import time
from collections.abc import Callable, Iterator

from nnlint.probe import wire
from nnlint.probe.guard import system
from nnlint.probe.limits import Limits

LOOK = 0.05  # seconds between two looks
MOST_PROCESSES = 256
TRIES = 200  # to end what goes on starting others


def watch(script: int, lifeline: int, scratch: str, limits: Limits, report: Callable[[bytes], None]) -> int:
    """Wait for the process of the script, end all else, and give its status as `os.waitpid` does."""
    system.prctl(system.CHILD_SUBREAPER, 1)
    status, looks = None, 0
    while status is None:
        ready = select.select([lifeline], [], [], LOOK)[0]
        if ready and not os.read(lifeline, 1 << 16):
            break
        status = _reaped(script)
        looks += 1
        excess = "" if status is not None or looks % 2 else _excess(scratch, limits, looks % 20 == 0)
        if excess:
            report(wire.line("killed", reason=f"the run {excess} and was ended"))
            break
    return end_all(script, status)


def end_all(script: int, status: int | None) -> int:
    """End the script and every process that came of it."""
    for _ in range(TRIES):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(script, signal.SIGKILL)
        living = list(descendants(os.getpid()))
        for order in (signal.SIGSTOP, signal.SIGKILL):  # stopped first: so none starts another meanwhile
            for process in living:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(process, order)
        try:
            while True:
                process, ended = os.waitpid(-1, 0 if living else os.WNOHANG)
                if process == script:
                    status = ended
                if not process:
                    break
                living = [each for each in living if each != process]
        except ChildProcessError:
            break
        time.sleep(0.005)
    return status if status is not None else int(signal.SIGKILL)


def descendants(ancestor: int) -> Iterator[int]:
    """The processes that came of one, as far as `/proc` tells; those that have ended are left out."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc") if system.IS_LINUX else ():
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                with open(f"/proc/{name}/stat", "rb") as file:
                    state, parent = file.read().rpartition(b")")[2].split()[:2]
                if state not in b"ZX":
                    children.setdefault(int(parent), []).append(int(name))
    pending = [ancestor]
    while pending:
        below = children.get(pending.pop(), [])
        yield from below
        pending += below


def _reaped(script: int) -> int | None:
    """The script's status if it has ended. Orphans that have ended are waited for on the way."""
    with contextlib.suppress(ChildProcessError):
        while True:
            process, status = os.waitpid(-1, os.WNOHANG)
            if process == script:
                return status
            if not process:
                break
    return None


def _excess(scratch: str, limits: Limits, is_thorough: bool) -> str:
    """What the run has used up beyond its limits, in words."""
    processes = list(descendants(os.getpid()))
    if len(processes) > MOST_PROCESSES:
        return f"started more than {MOST_PROCESSES} processes"
    if sum(map(_resident, processes)) > limits.memory and sum(map(_own_memory, processes)) > limits.memory:
        return f"took more than {limits.memory / 2**30:.3g} GiB of memory"
    if is_thorough and _size(scratch) > limits.disk:
        return f"wrote more than {limits.disk / 2**30:.3g} GiB"
    return ""


def _resident(process: int) -> int:
    """Bytes in memory, those of other processes and of files included: quickly told."""
    with contextlib.suppress(OSError, IndexError, ValueError), open(f"/proc/{process}/statm", "rb") as file:
        return int(file.read().split()[1]) * resource.getpagesize()
    return 0


def _own_memory(process: int) -> int:
    """Bytes in memory, without those of files, and with a share of what several processes have in common."""
    found = 0
    with contextlib.suppress(OSError, IndexError, ValueError), open(f"/proc/{process}/smaps_rollup", "rb") as file:
        for line in file:
            if line.startswith((b"Pss_Anon:", b"Pss_Shmem:")):
                found += int(line.split()[1]) << 10
    return found


def _size(folder: str) -> int:
    found = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                found += os.lstat(os.path.join(place, name)).st_blocks * 512
    return found
