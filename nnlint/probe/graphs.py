"""Looks at autograd's graphs. Nodes are marked in their `metadata`, which live exactly as long as the nodes do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch

NO_FLOW = ("Round", "Floor", "Ceil", "Trunc", "Sign", "Heaviside")
"""Nodes through which every gradient is zero, by how their names begin (`RoundBackward0`)."""


def leaves(roots: Iterable[torch.Tensor], through_all: bool = False) -> Iterator[torch.Tensor]:
    """The leaves to which a gradient flows, once each; `through_all` nodes, also those that make it zero."""
    seen: set[Any] = set()
    found: set[int] = set()
    pending: list[Any] = []
    for root in roots:
        if root.grad_fn is not None:
            pending.append(root.grad_fn)
        elif root.requires_grad:
            yield root
    while pending:
        node = pending.pop()
        if node in seen:
            continue
        seen.add(node)
        leaf = getattr(node, "variable", None)
        if isinstance(leaf, torch.Tensor):
            if id(leaf) not in found:
                found.add(id(leaf))
                yield leaf
        elif through_all or not node.name().startswith(NO_FLOW):
            pending += [each for each, _ in node.next_functions if each is not None]


def below(node: Any, depth: int) -> Iterator[Any]:
    """A node and those it hangs on, at most so many levels down."""
    level, seen = [node], set()
    for _ in range(depth + 1):
        yield from level
        seen.update(level)
        following = [each for one in level for each, _ in one.next_functions if each is not None]
        level = [each for each in dict.fromkeys(following) if each not in seen]


def note(node: Any, key: str, value: object) -> None:
    node.metadata[f"nnlint {key}"] = value


def noted(node: Any, key: str) -> Any:
    return node.metadata.get(f"nnlint {key}")


def is_leaf_node(node: Any) -> bool:
    """Whether a node stands for a parameter or another leaf, which graphs share."""
    return hasattr(node, "variable")
