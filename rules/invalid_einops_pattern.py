"""NN406: the axes of an einops pattern do not balance."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, PatternApplied, Rule, Severity


class InvalidEinopsPattern(Rule):
    """The axes on the two sides of an einops pattern do not balance.

    ## What it does

    Reads the pattern of `rearrange`, `reduce`, `repeat`, `einsum`, `pack`, `unpack` and of the layers `Rearrange` and
    `Reduce` where it is a literal, and reports an axis that is lost, invented, doubled or given twice, a number of
    axes other than the tensor's, and parentheses or an arrow that do not close or are not there.

    ## Why it fails silently

    It does not: einops raises. But only when the line runs, and that may be after the training, in the branch of an
    option that nobody has used yet, in the export or in the evaluation.

    ## Example

    ```python
    import torch
    from einops import rearrange

    images = torch.randn(8, 3, 32, 32)
    print(rearrange(images, "b c h w -> b (h w)").shape)
    ```

    ## Instead

    ```python
    import torch
    from einops import rearrange

    images = torch.randn(8, 3, 32, 32)
    print(rearrange(images, "b c h w -> b (c h w)").shape)
    ```

    ## Fix safety

    There is no automatic fix. No change is safe: which axis is meant, the pattern does not say.

    ## Quiet when

    - the pattern is put together at run time,
    - axes are dropped by `reduce` or added by `repeat`, and their sizes are given,
    - an ellipsis stands for the axes that are not named.

    ## References

    - [einops.rearrange](https://einops.rocks/api/rearrange/)
    - [einops.repeat](https://einops.rocks/api/repeat/)
    """

    code, name, severity = "NN406", "invalid-einops-pattern", Severity.ERROR
    watches = PatternApplied
    words = ("einops",)

    def check(self, event: PatternApplied) -> Iterator[Finding]:
        if event.problem:
            yield self.finding(
                event,
                f"the pattern of this `{event.function}` does not balance: {event.problem}",
                advice="name the same axes on both sides, and give each new one of `repeat` its size",
            )
