"""What values depend on: forward passes, data, and what cut them off the graph."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a value depends on.

    `calls` numbers the forward passes whose graph it hangs on, `batches` the data it was made of, `outputs` the forward
    passes that it was made of, with or without a graph. `operations` numbers the watched operations on its graph,
    `cuts` those at which it, or something that it was made of, was cut off a graph (see `watched.py`). `leaf` says that
    a tensor that gets gradients itself, a parameter or an input, is on its graph.
    """

    calls: frozenset[int] = frozenset()
    batches: frozenset[int] = frozenset()
    outputs: frozenset[int] = frozenset()
    operations: frozenset[int] = frozenset()
    cuts: frozenset[int] = frozenset()
    leaf: bool = False
    maybe: frozenset[int] = frozenset()  # those of `calls` that it hangs on on some of the paths that met only

    def __or__(self, other: Provenance) -> Provenance:
        if self is other or other is NO_PROVENANCE:
            return self
        if self is NO_PROVENANCE:
            return other
        return Provenance(
            self.calls | other.calls,
            self.batches | other.batches,
            self.outputs | other.outputs,
            self.operations | other.operations,
            self.cuts | other.cuts,
            self.leaf or other.leaf,
            ((self.maybe | other.maybe) - self.certain - other.certain) if self.maybe or other.maybe else self.maybe,
        )

    @property
    def certain(self) -> frozenset[int]:
        """The forward passes that it hangs on, whatever path was taken."""
        return self.calls - self.maybe if self.maybe else self.calls

    def meets(self, other: Provenance) -> Provenance:
        """What it depends on where two paths meet."""
        both = self | other
        maybe = both.calls - (self.certain & other.certain)
        return replace(both, maybe=maybe) if maybe else both

    def detached(self) -> Provenance:
        if not self.calls and not self.operations and not self.leaf:
            return self
        return replace(self, calls=frozenset(), operations=frozenset(), leaf=False, maybe=frozenset())

    def through(self, operation: int) -> Provenance:
        """With a watched operation more on its graph."""
        return replace(self, operations=self.operations | {operation})

    def cut_at(self, cut: int) -> Provenance:
        """Cut off its graph."""
        return replace(self.detached(), cuts=self.cuts | {cut})


NO_PROVENANCE = Provenance()
LEAF = Provenance(leaf=True)
