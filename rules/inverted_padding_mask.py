"""NN407: a padding mask has the wrong polarity."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Code, Finding, Fix, MaskUsed, Replace, Rule, Safety, Severity, Step


class InvertedPaddingMask(Rule):
    """A mask that is true for real tokens is given where true means "ignore", or the reverse.

    ## What it does

    Follows masks from where they are made (`tokens != pad`, a tokenizer's `attention_mask`, lengths) to the attention
    that uses them: `key_padding_mask` and boolean masks of `MultiheadAttention` and `Transformer` layers say what to
    leave out, so does a `masked_fill` by a very low number, and the mask of `scaled_dot_product_attention` says what to
    keep.

    ## Why it fails silently

    Both polarities have the same shape and the same type. Attention reads the padding and skips the text, and the
    loss still falls a little, by what leaks through residual connections and the length of the padding.

    ## Example

    ```python
    import torch
    from torch import nn

    def encode(tokens, embedded):
        attention = nn.MultiheadAttention(64, 4, batch_first=True)
        mask = tokens != 0
        return attention(embedded, embedded, embedded, key_padding_mask=mask)[0]
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    def encode(tokens, embedded):
        attention = nn.MultiheadAttention(64, 4, batch_first=True)
        mask = tokens != 0
        return attention(embedded, embedded, embedded, key_padding_mask=~mask)[0]
    ```

    ## Fix safety

    Unsafe: the mask is inverted where it is used, `~mask`, or by the other comparison. It changes what the network
    reads, so weights trained with the other polarity are of no use.

    ## Quiet when

    - the mask is inverted on the way: `~mask`, `mask == 0`, `1 - mask`, `logical_not`,
    - a mask of ones for real tokens goes to a model of Transformers, which expects it so,
    - the mask is additive (`0` and `-inf`), or where it comes from is not known.

    ## References

    - [torch.nn.MultiheadAttention](https://pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html)
    - [SDPA](https://pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html)
    """

    code, name, severity = "NN407", "inverted-padding-mask", Severity.ERROR
    watches = MaskUsed
    fix = Safety.UNSAFE
    words = (
        "masked_fill",
        "masked_fill_",
        "MultiheadAttention",
        "Transformer",
        "TransformerDecoder",
        "TransformerDecoderLayer",
        "TransformerEncoder",
        "TransformerEncoderLayer",
        "scaled_dot_product_attention",
    )

    def check(self, event: MaskUsed) -> Iterator[Finding]:
        if event.real is event.keeps:
            return
        marked = "real steps" if event.real else "padding"
        does = "keeps" if event.keeps else "ignores"
        yield self.finding(
            event,
            f"`{event.mask}` is true for {marked}, and `{event.parameter}` {does} what is true",
            trail=(Step(event.made, "the mask is made here"),) if event.made is not None else (),
            advice="invert the mask where it is used: `~mask`",
            fix=_fix(event),
        )


def _fix(event: MaskUsed) -> Fix | None:
    if event.given is None:
        return None
    if event.compared is not None:
        left, op, right = event.compared
        code: Code = (left, " != " if op == "==" else " == ", right)
    else:
        code = ("~", event.given) if event.true_or_false else (event.given, " == 0")
    return Fix("invert the mask", Safety.UNSAFE, (Replace(event.given, code),))
