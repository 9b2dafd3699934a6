"""Data loaders: made, run in the script's own process, and cut short."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from torch.utils.data import DataLoader, Dataset, IterableDataset
from torch.utils.data import dataloader as loading

from nnlint.probe.patches.wrapping import wrap_constructors

if TYPE_CHECKING:
    from nnlint.probe.hooks import Hooks


def hook_loaders(hooks: Hooks) -> None:
    run = hooks.run
    made, iterator = DataLoader.__init__, DataLoader._get_iterator
    following = loading._BaseDataLoaderIter.__next__
    loaders: weakref.WeakKeyDictionary[Any, DataLoader[Any]] = weakref.WeakKeyDictionary()

    def constructed(self: Any, *args: Any, **kwargs: Any) -> None:
        workers = kwargs.get("num_workers", args[5] if len(args) > 5 else 0)
        if workers and not run.request.is_whole:
            for name in ("prefetch_factor", "persistent_workers", "multiprocessing_context", "timeout"):
                kwargs.pop(name, None)
            args = (*args[:5], 0, *args[6:])[: len(args)]
            if "num_workers" in kwargs:
                kwargs["num_workers"] = 0
        made(self, *args, **kwargs)
        self._nnlint_workers = workers
        run.book.enter(self)
        hooks.tell("loader_made", self)

    def started(self: Any) -> Any:
        hooks.tell("loader_starts", self)
        result = iterator(self)
        loaders[result] = self
        result._nnlint_indices = None  # type: ignore[attr-defined]
        if run.muted or not hasattr(result, "_sampler_iter") or self.num_workers:
            return result
        if not isinstance(self.dataset, IterableDataset):
            result._sampler_iter = _noted(run.budget.batches(result._sampler_iter), result)
        else:
            result._sampler_iter = run.budget.batches(result._sampler_iter, ends=False)
        return result

    def next_batch(self: Any) -> Any:
        try:
            batch = following(self)
        except StopIteration:
            if self in loaders:
                hooks.tell("loader_ends", loaders[self])
            raise
        if self in loaders:
            hooks.tell("batch_loaded", loaders[self], self._nnlint_indices, batch)
        return batch

    _hook_datasets(hooks)
    hooks.patch(DataLoader, "__init__", constructed)
    hooks.patch(DataLoader, "_get_iterator", started)
    hooks.patch(loading._BaseDataLoaderIter, "__next__", next_batch)


def _hook_datasets(hooks: Hooks) -> None:
    """Datasets need no constructor, so they are given one.

    A `__new__` could not be undone: once it is deleted, constructors of classes below take no arguments any more.
    """

    def constructed(self: Any, *args: Any, **kwargs: Any) -> None:
        following = super(Dataset, self).__init__
        if getattr(following, "__objclass__", None) is object and _has_own(type(self), "__new__"):
            following()  # arguments are those of `__new__`
        else:
            following(*args, **kwargs)

    if "__init__" not in vars(Dataset):
        hooks.patch(Dataset, "__init__", constructed)
    wrap_constructors(hooks, Dataset, lambda dataset, args, kwargs: hooks.tell("dataset_made", dataset))


def _has_own(cls: type, name: str) -> bool:
    return any(name in vars(each) for each in cls.__mro__ if each is not object)


def _noted(indices: Iterator[Any], holder: Any) -> Iterator[Any]:
    for each in indices:
        holder._nnlint_indices = each
        yield each
