"""Keeps a run from doing harm: to files, to other processes, to the network.

Where Linux can, it refuses itself (`landlock`, `seccomp`), by whatever way it is tried. Before that, what a script
writes is led into a scratch folder and found there (`overlay`, `files`, `libraries`): the refusal is seldom met.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from nnlint.probe.guard import files, landlock, libraries, seccomp, shell, surroundings
from nnlint.probe.guard.overlay import Overlay
from nnlint.probe.guard.record import Record, Watch
from nnlint.probe.limits import Request

DEVICES = ("/dev/null", "/dev/zero", "/dev/full")


def install(request: Request, report: Callable[[bytes], None]) -> None:
    """Restrict this process, before torch is imported and before the script runs."""
    scratch = os.path.realpath(request.scratch)
    record = Record(report, request.folder)
    surroundings.prepare(scratch, request.limits)
    overlay = Overlay(scratch, record.redirected)
    held = landlock.restrict([scratch], [*DEVICES, *_accelerators(request.limits.device)])
    is_offline = seccomp.restrict(has_tcp=held >= landlock.NETWORK_SINCE)
    Watch(record, overlay, request.root, is_weak=not held).install()
    files.install(overlay)
    libraries.install(overlay)
    shell.install()
    if not held:
        record.note("guard", weaker="this system has no Landlock: C libraries may write where they like")
    if not is_offline:
        record.note(
            "guard", weaker="system calls can not be filtered here: only Python keeps the script from the network"
        )


def _accelerators(device: str) -> list[str]:
    """The devices that CUDA writes to, if it is asked for."""
    if not device.startswith("cuda"):
        return []
    return [f"/dev/{name}" for name in os.listdir("/dev") if name.startswith(("nvidia", "dri", "kfd"))]
