"""Scores of language models, and the tokens that they are compared with."""

from __future__ import annotations

import weakref
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from nnlint.events import TokensScored
from nnlint.probe.callers import by_user
from nnlint.probe.observers.base import Observer
from nnlint.probe.places import called
from nnlint.probe.replays import mapped, replay
from nnlint.probe.run import Backward, Call, Pass, Run
from nnlint.source import Place

_LOSSES = frozenset({"torch.nn.functional.cross_entropy", "torch.nn.functional.nll_loss"})
_STACKS = (
    nn.TransformerEncoder,
    nn.TransformerDecoder,
    nn.TransformerEncoderLayer,
    nn.TransformerDecoderLayer,
    nn.Transformer,
    nn.MultiheadAttention,
)
_MIXING = (nn.modules.batchnorm._BatchNorm,)  # positions too, by their statistics
MOST_SEQUENCES = 4  # that are remembered
FEWEST_TOKENS = 3
"""Different ones, and positions, of which a shift can be told: a constant sequence equals its own shift."""
SEEN = 1e-6
"""Smallest change of scores, relative to their size, that is none of rounding."""


@dataclass(slots=True)
class _Sequences:
    """Tokens of [batch, positions] that were embedded, and what the network saw of them with no mask since."""

    tokens: weakref.ref[torch.Tensor]
    embedded: torch.Tensor | None  # until `backward` has run
    place: Place
    peeks: dict[tuple[str, Place], None] = field(default_factory=dict)


class Tokens(Observer):
    """Compares the target of a loss with the tokens that were embedded; replays the network with another last token."""

    decides = ("NN409",)
    operations = _LOSSES | {"embedding", "one_hot", "softmax", "attention"}

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._read: deque[_Sequences] = deque(maxlen=MOST_SEQUENCES)
        self._network: tuple[nn.Module, tuple[Any, ...], dict[str, Any]] | None = None
        self._peeked: dict[tuple[int, Place], bool | None] = {}  # by network and loss

    def entering(self, visit: Pass) -> None:
        if visit.depth == 0:
            self._read.clear()

    def left(self, visit: Pass) -> None:
        if visit.depth == 0 and self._read:
            args, kwargs = mapped((visit.args, visit.kwargs), torch.Tensor.detach)
            self._network = (visit.module, args, kwargs)
        if isinstance(visit.module, _STACKS) and not any(isinstance(each.module, _STACKS) for each in self.run.passes):
            if not _is_causal(visit):
                self._peek(_length(visit))
        elif isinstance(visit.module, nn.RNNBase) and visit.module.bidirectional:
            self._peek(_length(visit))

    def differentiated(self, backward: Backward) -> None:
        for read in self._read:
            read.embedded = None

    def called(self, call: Call) -> None:
        if call.name in _LOSSES:
            self._scored(call)
            return
        first = call.args[0] if call.args else call.kwargs.get("input")
        if not isinstance(first, torch.Tensor):
            return
        match call.operation:
            case "embedding" | "one_hot" if (
                first.dim() == 2 and not first.is_floating_point() and call.place is not None
            ):
                if first.shape[1] >= FEWEST_TOKENS:
                    self._read.append(_Sequences(weakref.ref(first), call.result, call.place))
            case "softmax" if self._read and by_user(self.run.places) and _sees_behind(call.result):
                self._peek((call.result.shape[-1],))
            case "attention" if self._read and by_user(self.run.places) and not _is_masked(call):
                self._peek((first.shape[-2],))

    def _peek(self, lengths: tuple[int, ...]) -> None:
        """Something saw all positions of sequences of such a length."""
        place = self.run.places.here()
        for read in self._read:
            tokens = read.tokens()
            if place is not None and tokens is not None and tokens.shape[1] in lengths:
                read.peeks[called(place), place] = None

    def _scored(self, call: Call) -> None:
        scores, target = call.argument("input"), _target(call)
        if call.place is None or not isinstance(scores, torch.Tensor) or not scores.requires_grad:
            return
        if target is None or target.is_floating_point() or scores.dim() < 2:
            return
        for read in reversed(self._read):
            tokens = read.tokens()
            if tokens is None or target.numel() % len(tokens):
                continue
            ahead = self._ahead(tokens.detach(), target.detach(), scores)
            if ahead is not None:
                self._tell(call, read, tokens, ahead)
                return

    def _ahead(self, tokens: torch.Tensor, target: torch.Tensor, scores: torch.Tensor) -> int | None:
        """How many positions on the targets stand; None where they are not these tokens."""
        rows = target.reshape(len(tokens), -1)
        length = tokens.shape[1]
        if rows.shape[1] == length:
            return next((ahead for ahead in (0, 1) if _equal(tokens[:, ahead:], rows[:, : length - ahead])), None)
        if rows.shape[1] != length - 1:
            return None
        start = next((start for start in (1, 0) if _equal(tokens[:, start:][:, : length - 1], rows)), None)
        return start if start in (None, 0) else start - self._first_scored(scores, length)

    def _first_scored(self, scores: torch.Tensor, length: int) -> int:
        """The position that the first of the scores is for: `logits[:, 1:]` start at 1."""
        start = scores.storage_offset()
        return int(scores.dim() == 3 and start > 0 and start == scores.stride(1) and scores.shape[1] == length - 1)

    def _tell(self, call: Call, read: _Sequences, tokens: torch.Tensor, ahead: int) -> None:
        assert call.place is not None
        event = TokensScored(place=call.place, call=called(call.place), ahead=ahead, read=read.place)
        if ahead == 0:
            share = f"the targets are the {tokens.numel()} tokens that the network read, each at its own place"
            self.run.saw(event, share, alone=False)
            return
        sees = self._sees_behind(call, read, tokens) if read.peeks else False
        measured = f"the targets are the tokens {ahead} ahead"
        if sees is None:
            self.run.undecided(event, f"{measured}, and what they depend on could not be measured")
        elif not sees:
            self.run.saw(event, f"{measured}; the scores at the first position do not depend on the last token")
        peeks = tuple(read.peeks)
        if peeks and sees is not False:
            event = TokensScored(place=call.place, call=event.call, ahead=ahead, read=read.place, peeks=peeks)
            if sees:
                self.run.saw(event, f"{measured}; the scores at the first position depend on the last token")

    def _sees_behind(self, call: Call, read: _Sequences, tokens: torch.Tensor) -> bool | None:
        """Whether scores at earlier positions depend on the last token; None where it can not be tried."""
        network = self._network
        if self.run.passes:
            visit = self.run.passes[0]
            network = (visit.module, visit.args, visit.kwargs)
        if network is None or call.place is None:
            return None
        module, args, kwargs = network
        key = (id(module), call.place)
        if key not in self._peeked:
            sees = self._compare(module, args, kwargs, tokens)
            if sees is None and not any(isinstance(each, _MIXING) for each in module.modules()):
                sees = _depends(call.argument("input"), read.embedded, tokens)
            self._peeked[key] = sees
        return self._peeked[key]

    def _compare(self, module: nn.Module, args: Any, kwargs: Any, tokens: torch.Tensor) -> bool | None:
        found = []

        def changed(each: torch.Tensor) -> torch.Tensor:
            if each.shape != tokens.shape or each.dtype != tokens.dtype or not torch.equal(each, tokens):
                return each
            found.append(each)
            other = each.clone()
            other[:, -1] = each[:, 0]
            return other

        other_args, other_kwargs = mapped((args, kwargs), changed)
        if not found:
            return None
        one, other = (
            _scores(replay(self.run, module, *given), tokens) for given in ((args, kwargs), (other_args, other_kwargs))
        )
        if one is None or other is None or one.shape != other.shape:
            return None
        differs = (tokens[:, -1] != tokens[:, 0]).to(one.device)
        if not bool(differs.any()):
            return None
        change = (one[differs, 0] - other[differs, 0]).abs().max().item()
        return bool(change > SEEN * max(one[differs, 0].abs().max().item(), SEEN))


def _depends(scores: torch.Tensor, embedded: torch.Tensor | None, tokens: torch.Tensor) -> bool | None:
    """Whether a gradient comes from the scores at the first position to the last token's embedding."""
    first = torch.zeros_like(scores.detach(), memory_format=torch.contiguous_format)
    positions = _scores(first, tokens)
    if positions is None or embedded is None or embedded.dim() != 3 or not embedded.requires_grad:
        return None
    classes = torch.arange(positions.shape[-1], device=first.device)
    positions[:, 0] = classes.cos().to(first.dtype)  # of a plain sum, a softmax would leave nothing
    try:
        (gradient,) = torch.autograd.grad(scores, embedded, first, retain_graph=True, allow_unused=True)
    except RuntimeError:
        return None
    if gradient is None:
        return None
    return bool(gradient[:, -1].abs().max() > SEEN * gradient.abs().max())


def _target(call: Call) -> torch.Tensor | None:
    target = call.args[1] if len(call.args) > 1 else call.kwargs.get("target")
    return target if isinstance(target, torch.Tensor) else None


def _equal(tokens: torch.Tensor, target: torch.Tensor) -> bool:
    """Whether they are the same tokens, where the target is no padding (a negative index)."""
    counts = target >= 0
    return (
        len(torch.unique(tokens[counts])) >= FEWEST_TOKENS
        and int(counts.sum()) * 2 >= counts.numel()
        and bool((tokens == target)[counts].all())
    )


def _scores(output: Any, tokens: torch.Tensor) -> torch.Tensor | None:
    """The first of what a network returned that has scores for each position: [batch, positions, classes]."""
    found: list[torch.Tensor] = []
    if hasattr(output, "to_tuple"):
        output = output.to_tuple()
    mapped(output, lambda each: found.append(each) or each)  # type: ignore[func-returns-value]
    for each in found:
        if each.is_floating_point():
            if each.dim() == 3 and each.shape[:2] == tokens.shape:
                return each
            if each.dim() == 2 and each.shape[0] == tokens.numel():
                return each.view(*tokens.shape, -1)
            if each.dim() == 3 and (each.shape[0], each.shape[2]) == tuple(tokens.shape):
                return each.transpose(1, 2)
    return None


def _sees_behind(weights: Any) -> bool:
    """Whether weights of attention, [.., positions, positions], are there above the diagonal."""
    if not isinstance(weights, torch.Tensor) or weights.dim() < 3 or weights.shape[-1] != weights.shape[-2]:
        return False
    return weights.shape[-1] >= FEWEST_TOKENS and bool(weights.detach().triu(1).any())


def _is_masked(call: Call) -> bool:
    mask = call.argument("attn_mask")
    return bool(call.argument("is_causal", False)) or (isinstance(mask, torch.Tensor) and _hides(mask, keeps=True))


def _hides(mask: torch.Tensor, keeps: bool = False) -> bool:
    """Whether a mask of attention hides the next position from each; `keeps` what is true of a mask of booleans."""
    if mask.dim() < 2 or mask.shape[-2] < 2 or mask.shape[-1] < 2:
        return False
    next_ones = mask.detach().diagonal(1, -2, -1)
    hidden = next_ones < -1e4 if mask.is_floating_point() else next_ones.bool() ^ keeps
    return bool(hidden.all())


def _is_causal(visit: Pass) -> bool:
    masks = [each for each in (*visit.args, *visit.kwargs.values()) if isinstance(each, torch.Tensor)]
    square = [each for each in masks if each.dim() >= 2 and each.shape[-1] == each.shape[-2] and _hides(each)]
    said = any(value is True for name, value in visit.kwargs.items() if name.endswith("is_causal"))
    return said or bool(square)


def _length(visit: Pass) -> tuple[int, ...]:
    """The sizes that may be the number of positions."""
    given = next((each for each in (*visit.args, *visit.kwargs.values()) if isinstance(each, torch.Tensor)), None)
    return tuple(given.shape[:-1]) if given is not None else ()
