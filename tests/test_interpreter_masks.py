"""Masks of padded sequences: what they are true for, and what attention takes them for."""

from __future__ import annotations

import pytest

from nnlint.events import MaskUsed
from tests.interpreting import events, pick

NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.attend = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x, tokens, lengths, attention_mask, pad_id):
        return {call}
"""


def used(call: str) -> list[tuple[bool, bool]]:
    """Of each mask that attention is given whether it is true for real steps, and whether these are kept."""
    return [(event.real, event.keeps) for event in pick(MaskUsed, events(NET.format(call=call)))]


@pytest.mark.parametrize(
    ("mask", "real"),
    [
        ("tokens != pad_id", True),
        ("tokens == pad_id", False),
        ("tokens.ne(0)", True),
        ("tokens.eq(pad_id)", False),
        ("~(tokens == pad_id)", True),
        ("(tokens == pad_id).logical_not()", True),
        ("torch.logical_not(tokens == pad_id)", True),
        ("(tokens != pad_id)[:, None].squeeze(1)", True),
        ("torch.arange(9)[None, :] < lengths[:, None]", True),
        ("torch.arange(9) >= lengths.unsqueeze(1)", False),
        ("lengths[:, None] > torch.arange(9)", True),
        ("attention_mask", True),
        ("attention_mask.bool()", True),
        ("attention_mask == 0", False),
        ("(1 - attention_mask).bool()", False),
        ("~attention_mask.bool()", False),
        ("attention_mask.eq(0)", False),
    ],
)
def test_a_mask_is_known_by_how_it_is_made(mask: str, real: bool) -> None:
    assert used(f"self.attend(x, x, x, key_padding_mask={mask})") == [(real, False)]


@pytest.mark.parametrize(
    "mask",
    [
        "x",
        "x != 0",
        "None",
        "torch.zeros_like(x).masked_fill(tokens == pad_id, float('-inf'))",
        "(tokens == pad_id).float()",
        "tokens > 3",
        "torch.arange(9)[None] <= torch.arange(9)[:, None]",
        "(tokens == pad_id) | (tokens != pad_id)",
    ],
)
def test_another_mask_is_not_known(mask: str) -> None:
    assert used(f"self.attend(x, x, x, key_padding_mask={mask})") == []


def test_the_functional_form_keeps_what_is_true() -> None:
    assert used("F.scaled_dot_product_attention(x, x, x, tokens != pad_id)") == [(True, True)]
    assert used("F.scaled_dot_product_attention(x, x, x, attn_mask=tokens == pad_id)") == [(False, True)]
