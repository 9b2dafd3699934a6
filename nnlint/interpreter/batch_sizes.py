"""Which sizes are those of a batch."""

from __future__ import annotations

from nnlint.interpreter.objects import Shape
from nnlint.interpreter.sizes import Size, Symbol


class BatchSizes:
    """The sizes of one root that count what is in a batch, and by what that is known."""

    def __init__(self) -> None:
        self._batches: set[Symbol] = set()  # sizes of a first dimension
        self._samples: set[Symbol] = set()  # of these what a loader, a convolution or a permutation of samples says
        self._counting: set[Symbol] = set()  # of those the ones that are surely how many items are in a batch
        self._loaded: set[Symbol] = set()  # and those of batches that a loader made

    def taken_as_batch(self, size: Size | None) -> None:
        symbol = size.as_symbol() if size is not None else None
        if symbol is not None:
            self._batches.add(symbol)
            self._samples.add(symbol)

    def counts_items(self, size: Size | None, loaded: bool = False) -> None:
        """A size is known to be that of the batch, `loaded` by a loader that makes batches of several."""
        if size is not None:
            self._counting.update(size.order)
            self._loaded.update(size.order if loaded else ())

    def is_loaded(self, shape: Shape | None) -> bool:
        """Whether a dimension is that of batches of a loader."""
        return any(size is not None and size.as_symbol() in self._loaded for size in shape or ())

    def batch_dimension(self, shape: Shape | None) -> int | None:
        """The dimension that is known to be that of the batch."""
        for dimension, size in enumerate(shape or ()):
            if size is not None and size.as_symbol() in self._counting:
                return dimension
        return None
