"""What happens to the shape of tensors."""

from __future__ import annotations

from dataclasses import dataclass

from nnlint.events.base import Event
from nnlint.finding import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Reshaped(Event):
    """A `view` or `reshape` read a tensor's memory with other sizes.

    `moved` holds the sizes that are in another order than before (() when the elements keep their places or it is not
    known); `heads` is true when they are the heads of an attention, split or merged, `image` when an image's channels
    changed places with its height and width.
    """

    call: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    moved: tuple[str, ...]
    heads: bool
    image: bool = False
    trail: tuple[Step, ...] = ()
