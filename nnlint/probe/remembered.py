"""What is known of tensors, by identity, as long as they live."""

from __future__ import annotations

import weakref
from typing import Generic, TypeVar

import torch

T = TypeVar("T")

identity = object.__hash__
"""Tells objects that live apart, as `id` does, of each call of which Python's audit hooks are told."""


class Remembered(Generic[T]):
    """Like a dictionary whose keys are tensors; they are not kept alive. Torch's WeakTensorKeyDictionary is slower."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[torch.Tensor], T]] = {}

    def __contains__(self, tensor: object) -> bool:
        entry = self._known.get(identity(tensor))
        return entry is not None and entry[0]() is tensor

    def __getitem__(self, tensor: torch.Tensor) -> T:
        reference, value = self._known[identity(tensor)]
        if reference() is not tensor:
            raise KeyError
        return value

    def get(self, tensor: torch.Tensor) -> T | None:
        entry = self._known.get(identity(tensor))
        return entry[1] if entry is not None and entry[0]() is tensor else None

    def __setitem__(self, tensor: torch.Tensor, value: T) -> None:
        key, known = identity(tensor), self._known

        def gone(reference: weakref.ref[torch.Tensor]) -> None:
            entry = known.get(key)
            if entry is not None and entry[0] is reference:
                del known[key]

        known[key] = (weakref.ref(tensor, gone), value)

    def pop(self, tensor: torch.Tensor) -> None:
        """Forget a tensor, if it is known."""
        self._known.pop(identity(tensor), None)

    def __len__(self) -> int:
        return len(self._known)
