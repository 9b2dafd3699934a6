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

    def forward(self, x, tokens, lengths, attention_mask, pad_id, batch, bert):
        {before}
        return {call}
"""


def used(call: str, before: str = "") -> list[tuple[bool, bool]]:
    """Of each mask that is used whether it is true for real steps, and whether what it is true for is kept."""
    return [(event.real, event.keeps) for event in pick(MaskUsed, events(NET.format(call=call, before=before)))]


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
        ("torch.arange(9).type_as(lengths).repeat(4, 1).lt(lengths.unsqueeze(1))", True),
        ("batch['attention_mask']", True),
        ("batch.attention_mask.to(torch.bool)", True),
        ("batch['attention_mask'] == 0", False),
        ("(1 - batch['attention_mask']).bool()", False),
        ("~batch['attention_mask'].bool()", False),
        ("batch['attention_mask'].eq(0)", False),
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
        "torch.zeros_like(x).masked_fill(x, float('-inf'))",
        "(tokens == pad_id).float()",
        "(tokens == pad_id).to(x.dtype)",
        "attention_mask",
        "torch.arange(9) < pad_id[:, None]",
        "torch.arange(9) < x",
        "tokens > 3",
        "torch.arange(9)[None] <= torch.arange(9)[:, None]",
        "(tokens == pad_id) | (tokens != pad_id)",
    ],
)
def test_another_mask_is_not_known(mask: str) -> None:
    assert used(f"self.attend(x, x, x, key_padding_mask={mask})") == []


def test_a_parameter_is_known_when_a_network_of_another_package_takes_it_for_its_mask() -> None:
    given = "self.attend(x, x, x, key_padding_mask=attention_mask)"
    assert used(given) == []
    assert used(given, before="x = bert(tokens, attention_mask=attention_mask)") == [(True, False)]


def test_a_comparison_is_known_in_any_function() -> None:
    told = events("def run(x, tokens):\n    nn.MultiheadAttention(8, 2)(x, x, x, key_padding_mask=tokens != 0)")
    assert [event.real for event in pick(MaskUsed, told)] == [True]


@pytest.mark.parametrize("value", ["-1e9", "float('-inf')", "-float('inf')"])
def test_scores_that_are_filled_leave_out_what_is_true(value: str) -> None:
    assert used(f"(x @ x.mT).masked_fill(tokens != pad_id, {value})") == [(True, False)]
    assert used(f"x.masked_fill_(tokens == pad_id, {value})") == [(False, False)]


def test_other_things_are_filled_with_other_numbers() -> None:
    assert used("tokens.masked_fill(tokens != pad_id, -100)") == []


def test_the_functional_form_keeps_what_is_true() -> None:
    assert used("F.scaled_dot_product_attention(x, x, x, tokens != pad_id)") == [(True, True)]
    assert used("F.scaled_dot_product_attention(x, x, x, attn_mask=tokens == pad_id)") == [(False, True)]
