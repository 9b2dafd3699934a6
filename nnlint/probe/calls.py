"""Calls of torch functions, shown to the observers that want to see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.overrides import TorchFunctionMode, resolve_name

from nnlint.knowledge.operations import OPERATIONS
from nnlint.probe.run import Call

if TYPE_CHECKING:
    from nnlint.probe.hooks import Hooks

_DUNDERS = {
    "__add__": "add", "__radd__": "add", "__iadd__": "add", "__sub__": "add", "__rsub__": "add", "__isub__": "add",
    "__mul__": "scale", "__rmul__": "scale", "__imul__": "scale", "__truediv__": "scale", "__rtruediv__": "scale",
    "__itruediv__": "scale", "__pow__": "pow", "__rpow__": "pow", "__ipow__": "pow", "__matmul__": "matmul",
    "__rmatmul__": "matmul", "__gt__": "compare", "__lt__": "compare", "__ge__": "compare", "__le__": "compare",
    "__eq__": "compare", "__ne__": "compare", "__invert__": "not", "__neg__": "elementwise", "__getitem__": "index",
    "__setitem__": "index_put", "rsub": "add", "__float__": "detach", "__int__": "detach", "__bool__": "detach",
    "__array__": "detach", "data.__get__": "detach",
}  # fmt: skip

_DESCRIPTIONS = frozenset(
    {
        "dim", "ndimension", "size", "numel", "nelement", "stride", "storage_offset", "element_size", "get_device",
        "is_floating_point", "is_complex", "is_signed", "is_contiguous", "is_inference", "is_same_size", "is_pinned",
        "data_ptr", "untyped_storage", "__len__", "__hash__", "is_tensor", "is_storage", "get_default_dtype",
    }
)  # fmt: skip
"""What these tell of a tensor is none of its numbers: who wants to see all that is computed does not ask for them."""
_ATTRIBUTES = frozenset(
    f"{name}.__get__"
    for name in (
        "shape", "dtype", "device", "layout", "ndim", "requires_grad", "is_leaf", "grad_fn", "itemsize", "nbytes",
        "is_cuda", "is_cpu", "is_mps", "is_sparse", "is_sparse_csr", "is_quantized", "is_meta", "is_nested",
        "is_mkldnn", "is_xla", "is_xpu", "is_mtia", "is_ipu", "is_maia", "is_vulkan", "_version", "name", "names",
        "retains_grad", "output_nr",
    )
)  # fmt: skip


class Calls(TorchFunctionMode):
    """Sees every call of a torch function that is not made inside of another one."""

    def __init__(self, hooks: Hooks) -> None:
        super().__init__()
        self._hooks = hooks
        self._known: dict[Any, tuple[str, str, tuple[str, ...], list[Any], list[Any]]] = {}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        hooks = self._hooks
        if hooks.run.muted:
            return func(*args, **kwargs)
        known = self._known.get(func)
        if known is None:
            known = self._known[func] = self._look_up(func)
        name, operation, parameters, before, after = known
        if not before and not after:
            return func(*args, **kwargs)
        call = Call(func, name, operation, parameters, args, kwargs, hooks.run, grad_enabled=torch.is_grad_enabled())
        if before:
            hooks.ask_all(before, call)
        call.result = func(*args, **kwargs)
        if after:
            hooks.ask_all(after, call)
        return call.result

    def _look_up(self, func: Any) -> tuple[str, str, tuple[str, ...], list[Any], list[Any]]:
        name = str(resolve_name(func) or getattr(func, "__qualname__", "") or getattr(func, "__name__", ""))
        if name.startswith("torch.Tensor.") or name.endswith((".__get__", ".__set__")):
            last = name.removeprefix("torch.Tensor.")
        else:
            last = name.rpartition(".")[2]
        operation, parameters = OPERATIONS.get(last, (_DUNDERS.get(last, ""), ("other",)))
        hooks = self._hooks
        computes = last not in _DESCRIPTIONS and last not in _ATTRIBUTES
        return (
            name,
            operation,
            parameters,
            hooks.wanting("calling", name, operation, computes),
            hooks.wanting("called", name, operation, computes),
        )
