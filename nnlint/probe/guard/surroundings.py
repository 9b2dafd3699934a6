"""The process that a script runs in: its environment, where temporary files go, and what it may use up."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile

from nnlint.probe.guard import system
from nnlint.probe.limits import Limits

OFFLINE = {
    "WANDB_MODE": "disabled",  # `offline` would start a server of its own
    "WANDB_SILENT": "true",
    "COMET_MODE": "disabled",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "MPLBACKEND": "Agg",
    "GLOO_SOCKET_IFNAME": "lo",
}
# Written by compilers and drivers, which the overlay does not reach. Other caches are read where they are.
COMPILED = ("TORCH_EXTENSIONS_DIR", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR", "NUMBA_CACHE_DIR", "CUDA_CACHE_PATH")
MOST_TASKS = 4096  # processes and threads, beyond those that the user has; Linux does not count those of root
WAYS_OUT = ("SSH_AUTH_SOCK", "DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "DOCKER_HOST")


def prepare(scratch: str, limits: Limits) -> None:
    """Set the environment and the limits of this process and of all that it starts."""
    temporary = os.path.join(scratch, "tmp")
    os.makedirs(temporary, exist_ok=True)
    os.environ.update(OFFLINE, TMPDIR=temporary)
    for name in COMPILED:
        os.environ[name] = os.path.join(scratch, "compiled", name.lower())
    for name in WAYS_OUT:
        os.environ.pop(name, None)
    tempfile.tempdir = None
    with contextlib.suppress(ImportError, OSError, ValueError):
        _limit(limits)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")  # if memory runs out all the same, this process is ended and no other
    system.prctl(system.PARENT_DEATH_SIGNAL, int(signal.SIGKILL))


def _limit(limits: Limits) -> None:
    """No core files, not processes without end, no more memory than allowed.

    Data, not address space: torch reserves far more addresses than it uses, and CUDA still more. A limit on the size of
    files is not set: it would leave half a checkpoint where a whole one was.
    """
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if system.IS_LINUX:
        _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
        most = _tasks() + MOST_TASKS
        resource.setrlimit(resource.RLIMIT_NPROC, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    if not limits.device.startswith("cuda"):
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = limits.memory if hard == resource.RLIM_INFINITY else min(limits.memory, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def _tasks() -> int:
    """How many processes and threads the user has."""
    found = 0
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if name.isdigit() and os.stat(f"/proc/{name}").st_uid == os.getuid():
                found += len(os.listdir(f"/proc/{name}/task"))
    return found
