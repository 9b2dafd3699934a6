"""Views that read a tensor's memory with its sizes in another order."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from math import prod

import torch

from nnlint.events import Reshaped
from nnlint.interpreter.reshaping import is_split_or_merge, moved
from nnlint.interpreter.sizes import Size, Symbol
from nnlint.probe.callers import arguments, by_user
from nnlint.probe.observers.base import Observer
from nnlint.probe.remembered import Remembered
from nnlint.probe.run import Call, Pass, Run
from nnlint.source import Place

COLOURS = (3, 4)  # red, green, blue, and how opaque it is
_SIDE = re.compile(r"\b(h|w|height|width|hh|ww|\w*_(height|width))\b", re.IGNORECASE)
_CHANNELS = re.compile(r"\b(c|ch|chans?|channels?|nc)\b", re.IGNORECASE)
_FOLLOWED = frozenset({"transpose", "permute", "identity", "dropout", "view", "keep"})
MOST_SIGHTINGS_OF_A_PLACE = 20

Shape = tuple[int, ...]


@dataclass(slots=True)
class _View:
    place: Place
    words: str
    before: Shape
    after: Shape
    attended: bool
    merged: Shape = ()  # the sizes of which the same network made one before, which is split here in another order
    cut: bool = False  # `x.view(t, b, c)[1:]`, viewed back: relative positions, shifted row by row


class Views(Observer):
    """Works out from the sizes whether a view splits and merges neighbours, or reads elements in another order."""

    decides = ("NN401", "NN402", "NN408")
    operations = frozenset(
        {
            "view",
            "softmax",
            "attention",
            "matmul",
            "einsum",
            "index",
            "transpose",
            "permute",
            "identity",
            "dropout",
            "keep",
        }
    )

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._weights = Remembered[bool]()  # of attention
        self._attended = Remembered[bool]()
        self._made = Remembered[_View]()  # by views whose result may be cut yet
        self._views: dict[tuple[object, ...], _View] = {}
        self._counts: Counter[Place] = Counter()
        self._merged: dict[int, Shape] = {}  # by what it made, in the pass of the network under way

    def called(self, call: Call) -> None:
        result = call.result
        if not isinstance(result, torch.Tensor) or not call.args:
            return
        tensor = call.args[0]
        match call.operation:
            case "softmax":
                self._weights[result] = True
            case "attention":
                self._attended[result] = True
            case "matmul" | "einsum":
                if any(each in self._weights for each in call.tensors()):
                    self._attended[result] = True
            case "index":
                if isinstance(tensor, torch.Tensor) and tensor in self._made and result.numel() < tensor.numel():
                    self._made[tensor].cut = True
            case "view" if isinstance(tensor, torch.Tensor):
                self._view(call, tensor, result)
        if call.operation in _FOLLOWED and isinstance(tensor, torch.Tensor):
            for known in (self._weights, self._attended):
                if tensor in known:
                    known[result] = True

    def entering(self, visit: Pass) -> None:
        if visit.depth == 0:
            self._merged.clear()

    def ended(self) -> None:
        for view in self._views.values():
            self._tell(view)

    def _view(self, call: Call, tensor: torch.Tensor, result: torch.Tensor) -> None:
        before, after = tuple(tensor.shape), tuple(result.shape)
        if tensor.numel() < 2 or tensor.numel() != result.numel() or not by_user(self.run.places):
            return
        place = call.place
        key = (place, before, after)
        if place is None or (key not in self._views and self._counts[place] >= MOST_SIGHTINGS_OF_A_PLACE):
            return
        if key not in self._views:
            self._counts[place] += 1
            merged = self._split_otherwise(before, after)
            self._views[key] = _View(place, call.words, before, after, tensor in self._attended, merged)
        if self.run.in_forward:
            self._merged.update(_merges(before, after))
        self._made[result] = self._views[key]

    def _split_otherwise(self, before: Shape, after: Shape) -> Shape:
        """Given [b, t, …] that was merged to [b * t, …], the sizes (t, b) that a view splits it into."""
        for whole, parts in _merges(after, before).items():
            merged = self._merged.get(whole, parts)
            if sorted(merged) == sorted(parts) and merged != parts:
                return parts
        return ()

    def _tell(self, view: _View) -> None:
        shifted = view.merged or _displaced(view.before, view.after)
        before, after = tuple(map(str, view.before)), _named(view)
        heads = bool(shifted) and _are_heads(view)
        image = not heads and bool(shifted) and _is_image(view, after)
        event = Reshaped(
            place=view.place,
            call=view.words,
            before=before,
            after=after,
            moved=tuple(map(str, shifted or ())),
            heads=heads,
            image=image,
        )
        sizes = f"{list(view.before)} is read as {list(view.after)}"
        if shifted is None or view.cut:
            self.run.undecided(event, f"{sizes}, which can be understood in several ways")
        elif shifted:
            kept, total = _in_place(view.before, view.after)
            told = f": {kept} of {total} elements are where a permute brings them" if total else ""
            self.run.saw(event, sizes + told, alone=False)
        else:
            self.run.saw(event, f"{sizes}: dimensions are split or merged, and none changes places")


def _merges(before: Shape, after: Shape) -> dict[int, Shape]:
    """The first sizes of a tensor that became one."""
    for count in range(2, len(before)):
        if prod(before[:count]) == after[0] and before[count:] == after[1:]:
            return {after[0]: before[:count]}
    return {}


def _displaced(before: Shape, after: Shape) -> tuple[int, ...] | None:
    """The sizes that are in another order now; None where the numbers can be understood in several ways."""
    old, new = tuple(map(Size.of, before)), tuple(map(Size.of, after))
    found = moved(old, new)
    if not found and not _is_pure(before, after):
        found = _as_symbols(before, after)
    if found:
        return tuple(map(_number, found))
    if _is_in_the_batch(before, after):
        return after[:2]
    return () if found is not None and is_split_or_merge(old, new) and _is_plain(before, after) else None


def _is_pure(before: Shape, after: Shape) -> bool:
    """Whether each size is one before, or a product of neighbours, or part of one: no size is cut in two."""
    ends = []
    for shape in (before, after):
        total, products = 1, set()
        for size in shape:
            total *= size
            products.add(total)
        ends.append(products)
    return ends[0] <= ends[1] or ends[1] <= ends[0]


def _as_symbols(before: Shape, after: Shape) -> tuple[Size, ...] | None:
    """The same, with each size as a whole: given [6, 4, 12, 8] and [6, 12, 32] that is a, b, c, d and a, c, b · d."""
    shared = {each for each in before if each > 1 and each in after}
    atoms = {each: Size.symbol(Symbol(str(each), each)) for each in shared}
    for own, other in ((before, after), (after, before)):
        for size in own:
            if size in atoms or size == 1:
                continue
            left = Counter(other) - Counter(own)
            parts = _parts(size, [each for each in left.elements() if each > 1])
            if parts is None:
                continue
            whole = Size.of(1)
            for part in parts:
                whole = whole * atoms.setdefault(part, Size.symbol(Symbol(str(part), part)))
            atoms[size] = whole
    if any(each > 1 and each not in atoms for each in (*before, *after)):
        return None
    atoms[1] = Size.of(1)
    return moved([atoms[each] for each in before], [atoms[each] for each in after])


def _parts(whole: int, sizes: list[int]) -> tuple[int, ...] | None:
    """Those of the sizes that make up the whole."""
    for count in range(2, min(len(sizes), 4) + 1):
        for several in combinations(sizes, count):
            if prod(several) == whole:
                return several
    return None


def _number(size: Size) -> int:
    factors = size.factors()
    assert factors is not None
    numbers: list[int] = [int(str(symbol.key)) ** power for symbol, power in factors.exponents.items()]
    return factors.coefficient * prod(numbers)


def _is_in_the_batch(before: Shape, after: Shape) -> bool:
    """Whether [B, T, H·D] is read as [B·H, T, D], or the reverse: the length between them is one of several."""
    if len(before) != 3 or len(after) != 3 or not 1 < before[1] == after[1] or before == after:
        return False
    large, small = max(before[0], after[0]), min(before[0], after[0])
    return small > 1 and large % small == 0 and large > small


def _is_plain(before: Shape, after: Shape) -> bool:
    """Whether no two sizes that could have changed places are the same number."""
    if before == after:
        return len({each for each in before if each > 1}) == sum(each > 1 for each in before)
    start = end = 0
    old, new = ([each for each in shape if each > 1] for shape in (before, after))
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    merged, split = old[start : len(old) - end], new[start : len(new) - end]
    kept = old[:start] + old[len(old) - end :]
    if min(len(merged), len(split)) > 1 or len(set(kept)) < len(kept) or set(kept) & {*merged, *split}:
        return False
    return len(split) <= 1 or len(set(split)) == len(split)


def _named(view: _View) -> tuple[str, ...]:
    """The new sizes, as the user wrote them where that can be told."""
    written = arguments(view.place)
    if len(written) != len(view.after):
        return tuple(map(str, view.after))
    return tuple(
        str(size) if text.lstrip("-").isdigit() else text for size, text in zip(view.after, written, strict=True)
    )


def _are_heads(view: _View) -> bool:
    """Whether [B, T, H·D] is split into [B, H, T, D] or [B·H, T, D], or that is merged again."""
    if view.attended and len(view.after) <= len(view.before):
        return True
    for whole, split in ((view.before, view.after), (view.after, view.before)):
        if len(whole) == 3 and len(split) == 4 and whole[0] == split[0]:
            return whole[1] == split[2] and split[1] * split[3] == whole[2]
        if len(whole) == len(split) == 3 and whole[1] == split[1] and split[0] > whole[0]:
            return split[0] % whole[0] == 0
    return False


def _is_image(view: _View, after: tuple[str, ...]) -> bool:
    """Whether the last three dimensions are [height, width, channels] read as [channels, height, width] or back."""
    old, new = (tuple(each for each in shape)[-3:] for shape in (view.before, view.after))
    if len(old) < 3 or len(new) < 3:
        return False
    for last, first, names in ((old, new, after[-3:]), (new, old, after[-3:])):
        channels, sides = last[2], last[:2]
        if channels != first[0] or sorted(sides) != sorted(first[1:]) or channels in sides:
            continue
        named = sum(_SIDE.search(each) is not None for each in names)
        return channels in COLOURS or named == 2 or (named == 1 and any(_CHANNELS.search(each) for each in names))
    return False


def _in_place(before: Shape, after: Shape) -> tuple[int, int]:
    """How many elements are where moving the dimensions would have brought them, of how many."""
    order, free = [], list(range(len(before)))
    if Counter(before) != Counter(after):
        return 0, 0
    for size in after:
        axis = next(each for each in free if before[each] == size)
        free.remove(axis)
        order.append(axis)
    total = 1
    for size in before:
        total *= size
    index = torch.arange(total).view(before)
    return int((index.view(after) == index.permute(order)).sum()), total
