"""Masks of padded sequences, and what attention takes them for."""

from __future__ import annotations

import weakref
from collections import deque

import torch
from torch import nn

from nnlint.events import MaskUsed
from nnlint.probe.callers import argument, by_user
from nnlint.probe.observers.base import Observer
from nnlint.probe.places import called
from nnlint.probe.run import Call, Pass, Run
from nnlint.source import Place

_IGNORE_TRUE = {  # the masks that say what is to be left out, by where they are given
    nn.MultiheadAttention: {"key_padding_mask": 3},
    nn.TransformerEncoderLayer: {"src_key_padding_mask": 2},
    nn.TransformerEncoder: {"src_key_padding_mask": 2},
    nn.TransformerDecoderLayer: {"tgt_key_padding_mask": 4, "memory_key_padding_mask": 5},
    nn.TransformerDecoder: {"tgt_key_padding_mask": 4, "memory_key_padding_mask": 5},
    nn.Transformer: {"src_key_padding_mask": 5, "tgt_key_padding_mask": 6, "memory_key_padding_mask": 7},
}
ATTENTION = tuple(_IGNORE_TRUE)
VERY_LOW = -1000.0
MOST_SEQUENCES = 8  # that are remembered


class Padding(Observer):
    """Measures what a mask is true for, words or padding: by the tokens that were embedded, or by its own shape."""

    decides = ("NN407",)
    operations = frozenset({"embedding", "attention", "keep"})

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._tokens: deque[weakref.ref[torch.Tensor]] = deque(maxlen=MOST_SEQUENCES)

    def entering(self, visit: Pass) -> None:
        names = next((names for kind, names in _IGNORE_TRUE.items() if isinstance(visit.module, kind)), None)
        if names is None or any(isinstance(each.module, ATTENTION) for each in self.run.passes):
            return
        for name, position in names.items():
            mask = visit.kwargs.get(name, visit.args[position] if len(visit.args) > position else None)
            if isinstance(mask, torch.Tensor) and mask.dim() == 2 and not mask.is_floating_point():
                self._used(mask, name, position, False, self.run.places.here())

    def called(self, call: Call) -> None:
        match call.operation:
            case "embedding" if call.args and isinstance(call.args[0], torch.Tensor) and call.args[0].dim() == 2:
                self._tokens.append(weakref.ref(call.args[0]))
            case "attention" if by_user(self.run.places):
                mask = call.argument("attn_mask")
                if isinstance(mask, torch.Tensor) and mask.dtype is torch.bool and mask.dim() > 2:
                    self._used(mask, "attn_mask", 3, True, call.place)
            case "keep" if by_user(self.run.places):
                self._filled(call)

    def _filled(self, call: Call) -> None:
        """`scores.masked_fill(mask, -inf)` leaves out what is true."""
        scores, mask, value = call.args[0], call.argument("mask"), call.argument("value")
        if isinstance(value, torch.Tensor) and value.numel() == 1:
            value = value.item()
        low = isinstance(value, (int, float)) and value <= VERY_LOW
        if not low or not isinstance(mask, torch.Tensor) or not isinstance(scores, torch.Tensor):
            return
        if mask.dim() > 2 or (mask.dim() == 2 and scores.shape == mask.shape):
            as_function = called(call.place) in ("torch.masked_fill", "masked_fill")
            self._used(mask, "masked_fill", 1 if as_function else 0, False, call.place)

    def _used(self, mask: torch.Tensor, name: str, position: int, keeps: bool, place: Place | None) -> None:
        rows = _rows(mask.detach())
        if rows is None or place is None or bool(rows.all()) or not bool(rows.any()):
            return  # no padding in this batch, or nothing but padding
        real, measured = self._by_tokens(rows)
        by_shape = real is None
        if real is None:
            real, measured = _by_shape(rows)
        if real is None:
            return
        words = argument(place, name, position) or name
        event = MaskUsed(place=place, mask=words, parameter=name, real=real, keeps=keeps, made=None)
        self.run.saw(event, measured, alone=not by_shape)

    def _by_tokens(self, rows: torch.Tensor) -> tuple[bool | None, str]:
        """The padding is one token, which occurs nowhere else."""
        for reference in reversed(self._tokens):
            tokens = reference()
            if tokens is None or tokens.shape[1] != rows.shape[1] or len(rows) % max(len(tokens), 1):
                continue
            times = len(rows) // max(len(tokens), 1)
            each = tokens.detach().repeat_interleave(times, 0) if times > 1 else tokens.detach()
            marked, others = torch.unique(each[rows]), torch.unique(each[~rows])
            for real, padding, words in ((False, marked, others), (True, others, marked)):
                if len(padding) == 1 and len(words) > 1 and not bool((words == padding).any()):
                    share = f"{int((each == padding).sum())} of {each.numel()} tokens are {padding.item()}"
                    return real, f"{share}, and the mask is {'false' if real else 'true'} for just these"
        return None, ""


def _rows(mask: torch.Tensor) -> torch.Tensor | None:
    """The mask as [sequences, positions]; None where it is another one for each query, as a causal mask is."""
    mask = mask.bool()
    if mask.dim() > 2:
        if mask.shape[-2] > 1 and not bool((mask == mask[..., :1, :]).all()):
            return None
        mask = mask[..., 0, :]
    return mask.reshape(-1, mask.shape[-1]) if mask.shape[-1] > 1 else None


def _by_shape(rows: torch.Tensor) -> tuple[bool | None, str]:
    """Sequences are padded at their ends."""
    falls, rises = (rows[:, :-1] & ~rows[:, 1:]), (~rows[:, :-1] & rows[:, 1:])
    if bool(falls.any()) is bool(rises.any()):
        return None, ""
    real = bool(falls.any())
    where = "starts, where the words are" if real else "ends, where the padding is"
    return real, f"in {len(rows)} sequences the mask is true at the {where}"
