"""NN401: a view is used where a transpose was meant."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, Replace, Reshaped, Rule, Safety, Severity, Step, rearranged


class ViewAsTranspose(Rule):
    """`view` or `reshape` gives a tensor its own sizes in another order.

    ## What it does

    Follows sizes as symbols (`b, t, c = x.shape`) and numbers, and reports the `view` or `reshape` whose sizes are
    those that the tensor has, in another order.

    ## Why it fails silently

    A view does not move elements, it reads the same memory with other sizes. The shape is the wanted one, but rows are
    cut up: elements of different samples, positions or channels end up in one row, and the network learns from a
    shuffled mixture.

    ## Example

    ```python
    def forward(x):
        b, t, c = x.shape
        return x.view(t, b, c)
    ```

    ## Instead

    ```python
    def forward(x):
        b, t, c = x.shape
        return x.transpose(0, 1)
    ```

    ## Fix safety

    Unsafe: the dimensions are brought in order by `transpose` or `permute`, with a `reshape` behind it where
    neighbours are merged too. The result changes, which is the point; weights trained with the mistake are lost. What
    is written for an array of NumPy is left alone.

    ## Quiet when

    - neighbouring dimensions are split or merged,
    - the dimensions were brought in order by `permute` or `transpose` before,
    - only sizes of 1 change their place, also where a later layer tells that a size is 1,
    - a size is not known.

    ## References

    - [torch.Tensor.view](https://pytorch.org/docs/stable/generated/torch.Tensor.view.html)
    """

    code, name, severity = "NN401", "view-as-transpose", Severity.ERROR
    watches = Reshaped
    words = ("view", "reshape")
    recipe = True
    fix = Safety.UNSAFE

    def check(self, event: Reshaped) -> Iterator[Finding]:
        if event.moved and not event.heads and not event.image:
            before, after = ", ".join(event.before), ", ".join(event.after)
            yield self.finding(
                event,
                f"`{event.call}` gives sizes in another order: elements are mixed, a permute was meant",
                trail=(*event.trail, Step(event.place, f"[{before}] is read as [{after}]")),
                advice="move dimensions with `permute` or `transpose`; `view` only splits and merges neighbours",
                fix=_fix(event),
            )


def _fix(event: Reshaped) -> Fix | None:
    code = rearranged(event.meant) if event.meant is not None else ()
    return Fix("move the dimensions", Safety.UNSAFE, (Replace(event.place, code),)) if code else None
