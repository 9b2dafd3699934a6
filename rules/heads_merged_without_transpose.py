"""NN402: attention heads are split or merged by a view alone."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, Replace, Reshaped, Rule, Safety, Severity, Step, rearranged


class HeadsMergedWithoutTranspose(Rule):
    """The heads of an attention are merged, or split, by `view` without the transpose that belongs to it.

    ## What it does

    Reports a `view` or `reshape` of [B, H, T, D] to [B, T, H*D] with no transpose of heads and positions before it, and
    of [B, T, H*D] to [B, H, T, D] with none after.

    ## Why it fails silently

    The shapes fit, so everything runs. But each position's features are put together of several positions, and what a
    head sees is a slice of the sequence instead of a slice of the features; with a causal mask the future leaks.

    ## Example

    ```python
    def merge(x):
        b, h, t, d = x.shape
        return x.reshape(b, t, h * d)
    ```

    ## Instead

    ```python
    def merge(x):
        b, h, t, d = x.shape
        return x.transpose(1, 2).reshape(b, t, h * d)
    ```

    ## Fix safety

    Unsafe: heads and positions are transposed before the view that merges them, or behind the one that splits them.
    The result changes, which is the point; weights trained with the mistake are lost.

    ## Quiet when

    - heads and positions are transposed between the projection and the view,
    - a size is not known.

    ## References

    - [Vaswani et al., Attention Is All You Need, section 3.2.2](https://arxiv.org/abs/1706.03762)
    """

    code, name, severity = "NN402", "heads-merged-without-transpose", Severity.ERROR
    watches = Reshaped
    words = ("view", "reshape")
    recipe = True
    fix = Safety.UNSAFE

    def check(self, event: Reshaped) -> Iterator[Finding]:
        if event.moved and event.heads:
            before, after = ", ".join(event.before), ", ".join(event.after)
            merged = (-len(event.after), len(event.before[0])) > (-len(event.before), len(event.after[0]))
            doing = "merges" if merged else "splits"
            yield self.finding(
                event,
                f"`{event.call}` {doing} attention heads without a transpose: positions and features are mixed",
                trail=(*event.trail, Step(event.place, f"[{before}] is read as [{after}]")),
                advice="transpose heads and positions: "
                "before the view when heads are merged, after it when they are split",
                fix=_fix(event),
            )


def _fix(event: Reshaped) -> Fix | None:
    code = rearranged(event.meant) if event.meant is not None else ()
    return Fix("transpose heads and positions", Safety.UNSAFE, (Replace(event.place, code),)) if code else None
