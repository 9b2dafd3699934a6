"""A script of several processes runs as one: as rank 0 of 1, in this very process, where it is watched.

Given `mp.spawn(train, args=(world_size,), nprocs=world_size)`, `train(0, world_size)` is called. The process group has
one process and no network. A script that reads `os.environ["RANK"]` finds what `torchrun --nproc-per-node 1` would
have set; one that asks whether it is there hears that it is not.
"""

from __future__ import annotations

import functools
import inspect
import multiprocessing.process
import os
import sys
from collections.abc import Callable
from typing import Any

import torch
import torch.distributed
import torch.multiprocessing

LAUNCHER = {
    "RANK": "0", "LOCAL_RANK": "0", "GROUP_RANK": "0", "ROLE_RANK": "0", "WORLD_SIZE": "1", "LOCAL_WORLD_SIZE": "1",
    "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500",
}  # fmt: skip
RANKS = frozenset(("rank", "local_rank", "global_rank", "gpu", "gpu_id", "device_id", "proc_id", "process_index"))
"""How the first parameter of a training function is called that runs in each of several processes."""


def install(say: Callable[..., None]) -> None:
    """Patch torch; `say` takes a note of what a script wanted otherwise."""
    said = set()

    def note(what: str, by: str) -> None:
        if (what, by) not in said:
            said.add((what, by))
            say("substituted", what=what, by=by)

    os.environ.__class__ = _Environment
    _hook_spawning(note)
    if torch.distributed.is_available():
        _hook_groups(note)
        _hook_wrappers()


class _Environment(os._Environ):  # type: ignore[type-arg]
    """The environment of a process that `torchrun` has started, for those who insist."""

    def __getitem__(self, key: Any) -> Any:
        try:
            return super().__getitem__(key)
        except KeyError:
            if key in LAUNCHER:
                return LAUNCHER[key]
            raise

    def get(self, key: Any, default: Any = None) -> Any:
        return super().__getitem__(key) if key in self else default

    def __contains__(self, key: Any) -> bool:
        try:
            super().__getitem__(key)
        except KeyError:
            return False
        return True


def _hook_spawning(note: Callable[[str, str], None]) -> None:
    def spawned(
        fn: Any, args: Any = (), nprocs: int = 1, join: bool = True, daemon: bool = False, start_method: str = "spawn"
    ) -> Any:
        note("processes", f"rank 0 of 1 in place of {nprocs}")
        _as_a_process(fn, (0, *args), {})
        return None if join else _Ended()

    for name in ("torch.multiprocessing", "torch.multiprocessing.spawn"):
        module: Any = sys.modules[name]
        module.spawn = module.start_processes = spawned
    base: Any = multiprocessing.process.BaseProcess
    start, join = base.start, base.join

    def started(self: Any) -> None:
        rank = _rank(self)
        if rank is None:
            start(self)
            return
        self._nnlint_ended = True
        if rank == 0:
            note("processes", "rank 0 of 1 in place of several")
            _as_a_process(self._target, self._args, self._kwargs)

    def joined(self: Any, timeout: float | None = None) -> None:
        if not hasattr(self, "_nnlint_ended"):
            join(self, timeout)

    def status(of: Any) -> property:
        def get(self: Any) -> Any:
            return 0 if hasattr(self, "_nnlint_ended") else of.fget(self)

        return property(get)

    alive, terminate = base.is_alive, base.terminate
    base.start, base.join, base.exitcode = started, joined, status(base.exitcode)
    base.is_alive = lambda self: False if hasattr(self, "_nnlint_ended") else alive(self)
    base.terminate = lambda self: None if hasattr(self, "_nnlint_ended") else terminate(self)


class _Ended:
    """What `spawn(join=False)` gives: all processes have ended."""

    processes: tuple[Any, ...] = ()

    def join(self, timeout: float | None = None, grace_period: float | None = None) -> bool:
        return True

    def pids(self) -> list[int]:
        return []


def _as_a_process(function: Any, args: Any, kwargs: Any) -> None:
    try:
        function(*args, **kwargs)
    except SystemExit as ended:
        if ended.code:
            raise


def _rank(process: Any) -> int | None:
    """The rank that a process is to have, if it trains as one of several."""
    try:
        bound = inspect.signature(process._target).bind(*process._args, **process._kwargs).arguments
    except (TypeError, ValueError, AttributeError):
        return None
    for name, value in bound.items():
        if name in RANKS and isinstance(value, int) and not any(map(_is_channel, bound.values())):
            return value
    return None


def _is_channel(value: Any) -> bool:
    """Whether processes talk to each other through it: then one of them is not enough."""
    name = type(value).__module__
    return name.startswith("multiprocessing") and type(value).__name__ not in ("Lock", "RLock", "Synchronized", "Value")


def _hook_groups(note: Callable[[str, str], None]) -> None:
    distributed: Any = torch.distributed
    init, barrier, spread = distributed.init_process_group, distributed.barrier, distributed.new_group

    def initialized(backend: Any = None, *args: Any, **kwargs: Any) -> None:
        world = kwargs.get("world_size", args[2] if len(args) > 2 else None)
        wanted = f"{backend or 'default'} group" + (f" of {world}" if isinstance(world, int) and world > 0 else "")
        note(wanted, "a group of one process")
        if not distributed.is_initialized():
            _begin(init)

    def met(group: Any = None, async_op: bool = False, device_ids: Any = None) -> Any:
        return barrier(group, async_op)  # only NCCL knows devices

    def grouped(ranks: Any = None, timeout: Any = None, backend: Any = None, *args: Any, **kwargs: Any) -> Any:
        return spread([0], timeout)

    def stored(*args: Any, **kwargs: Any) -> Any:
        return distributed.HashStore()

    _replace("init_process_group", initialized)
    _replace("barrier", met)
    _replace("new_group", grouped)
    for name in ("TCPStore", "FileStore"):
        setattr(distributed, name, stored)


def _begin(init: Any) -> None:
    """Gloo, which knows all operations, without a server; where it does not start, torch's own stand-in."""
    store: Any = torch.distributed.HashStore()  # type: ignore[attr-defined]
    try:
        init("gloo", store=store, rank=0, world_size=1)
    except (RuntimeError, ValueError, OSError):
        from torch.testing._internal.distributed.fake_pg import FakeStore

        init("fake", store=FakeStore(), rank=0, world_size=1)


def _replace(name: str, function: Any) -> None:
    for module in (torch.distributed, torch.distributed.distributed_c10d):
        setattr(module, name, functools.wraps(getattr(module, name))(function))


def _hook_wrappers() -> None:
    """On the CPU DistributedDataParallel takes no devices, and there is no batch norm across processes."""
    wrapper: Any = torch.nn.parallel.DistributedDataParallel
    made = wrapper.__init__

    def constructed(self: Any, module: Any, device_ids: Any = None, output_device: Any = None, **kwargs: Any) -> None:
        if all(parameter.device.type == "cpu" for parameter in module.parameters()):
            device_ids = output_device = None
        made(self, module, device_ids, output_device, **kwargs)

    wrapper.__init__ = functools.wraps(made)(constructed)
    norm: Any = torch.nn.SyncBatchNorm
    convert = norm.convert_sync_batchnorm

    def converted(module: Any, process_group: Any = None) -> Any:
        on_cpu = all(parameter.device.type == "cpu" for parameter in module.parameters())
        return module if on_cpu else convert(module, process_group)

    norm.convert_sync_batchnorm = staticmethod(converted)
