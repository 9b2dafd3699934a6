"""Patterns of einops balance, or are told what is wrong with them."""

import pytest

from nnlint.knowledge.einops import problem


@pytest.mark.parametrize(
    ("function", "pattern", "sizes"),
    [
        ("rearrange", "b h t d -> b t (h d)", ()),
        ("rearrange", "b (h d) -> b h d", ("h",)),
        ("rearrange", "n b 1 d -> b n d", ()),
        ("rearrange", "... h w -> ... w h", ()),
        ("rearrange", "b c h w -> b (c h w)", ()),
        ("reduce", "b c h w -> b c", ()),
        ("reduce", "b c (h 2) w -> b c h w", ()),
        ("reduce", "b c h w -> b () h w", ()),
        ("repeat", "d -> b 1 d", ("b",)),
        ("repeat", "h w -> h w 3", ()),
        ("repeat", "h w -> (h 2) w", ()),
    ],
)
def test_patterns_that_balance_have_no_problem(function: str, pattern: str, sizes: tuple[str, ...]) -> None:
    assert problem(function, pattern, sizes) == ""


@pytest.mark.parametrize(
    ("function", "pattern", "sizes", "words"),
    [
        ("rearrange", "b h q (y x) -> b q y x", ("y", "x"), "`h` is lost"),
        ("rearrange", "b c -> b c d", ("d",), "`d` on the right comes from nowhere"),
        ("rearrange", "b c c -> b c", (), "`c` stands twice"),
        ("rearrange", "b c h w", (), "no `->`"),
        ("rearrange", "b h w -> ... b h w", (), "`...` on the right"),
        ("reduce", "b t d -> b c", (), "`c` on the right comes from nowhere"),
        ("repeat", "d -> b 1 d n", ("b",), "`n` on the right comes from nowhere"),
        ("repeat", "b d -> b 1", (), "`d` is lost"),
        ("rearrange", "b (h d) -> b h d", ("heads",), "`heads` is given a size"),
    ],
)
def test_patterns_that_do_not_balance_say_why(function: str, pattern: str, sizes: tuple[str, ...], words: str) -> None:
    assert words in problem(function, pattern, sizes)
