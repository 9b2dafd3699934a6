"""`cuda` becomes `cpu` on a machine without one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from nnlint.probe.run import Run

_IDLE = (
    "set_device", "synchronize", "empty_cache", "reset_peak_memory_stats", "manual_seed", "manual_seed_all", "init",
    "ipc_collect",
)  # fmt: skip
_NOTHING_YET = ("memory_allocated", "max_memory_allocated", "memory_reserved", "max_memory_reserved", "current_device")


def install(run: Run, tell: Callable[[str, str], None]) -> None:
    """Nothing is done where there is a GPU and the run may use it."""
    if torch.cuda.is_available() and run.request.limits.device.startswith("cuda"):
        return

    def on_cpu(value: Any) -> Any:
        if (isinstance(value, str) and value.startswith("cuda")) or (
            isinstance(value, torch.device) and value.type == "cuda"
        ):
            tell("cuda", "cpu")
            return torch.device("cpu")
        return value

    class OnCpu(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            kwargs = dict(kwargs or {})
            if "device" in kwargs:
                kwargs["device"] = on_cpu(kwargs["device"])
            if func is torch.Tensor.cuda:
                tell("cuda", "cpu")
                return args[0]
            if func is torch.Tensor.to:
                args = (args[0], *map(on_cpu, args[1:]))
            return func(*args, **kwargs)

    OnCpu().__enter__()  # type: ignore[no-untyped-call]
    module_to, load = torch.nn.Module.to, torch.load

    def moved(self: Any, *args: Any, **kwargs: Any) -> Any:
        return module_to(self, *map(on_cpu, args), **{name: on_cpu(value) for name, value in kwargs.items()})

    def loaded(*args: Any, **kwargs: Any) -> Any:
        if "map_location" in kwargs:
            kwargs["map_location"] = on_cpu(kwargs["map_location"])
        return load(*args, **{"map_location": "cpu", **kwargs})

    def stays(self: Any, device: Any = None) -> Any:
        tell("cuda", "cpu")
        return self

    torch.nn.Module.to = moved  # type: ignore[method-assign]
    torch.nn.Module.cuda = stays  # type: ignore[method-assign]
    torch.load = loaded
    for name in _IDLE:
        setattr(torch.cuda, name, lambda *args, **kwargs: None)
    for name in _NOTHING_YET:
        setattr(torch.cuda, name, lambda *args, **kwargs: 0)
    torch.cuda.get_device_name = lambda *args, **kwargs: "cpu"
    torch.cuda.device = lambda *args, **kwargs: contextlib.nullcontext()  # type: ignore[assignment, misc]
