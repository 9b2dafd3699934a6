"""NN106: an elementwise loss broadcasts predictions of one shape against targets of another."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Broadcasted, Finding, Fix, Replace, Rule, Safety, Severity


class MismatchedLossShapes(Rule):
    """Predictions [N, 1] meet targets [N] in an elementwise loss, which compares every pair of samples.

    ## What it does

    Compares the shapes that reach the elementwise losses (`MSELoss`, `L1Loss`, `SmoothL1Loss`, `HuberLoss`, binary
    cross entropies) and the differences that are written by hand, and reports those that broadcast a column against a
    row.

    ## Why it fails silently

    The result is an [N, N] matrix of all differences, and its mean is a loss that falls: down to the point where each
    prediction is the mean of all targets. The losses of PyTorch say so in a warning, once, and a difference that is
    written by hand says nothing.

    ## Example

    ```python
    import torch
    from torch import nn

    model, criterion = nn.Linear(8, 1), nn.MSELoss()
    inputs, target = torch.randn(32, 8), torch.randn(32)
    loss = criterion(model(inputs), target)
    loss.backward()
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    model, criterion = nn.Linear(8, 1), nn.MSELoss()
    inputs, target = torch.randn(32, 8), torch.randn(32)
    loss = criterion(model(inputs).squeeze(-1), target)
    loss.backward()
    ```

    ## Fix safety

    Unsafe: `squeeze(-1)` is put behind the one of both that is a column, in the call of the loss. That is what was
    meant, but the loss is another one then, and what was learned before was learned with the old one.

    ## Quiet when

    - one of both is brought to the other's shape: `squeeze(-1)`, `unsqueeze(1)`, `view_as`, `flatten`, `reshape`,
    - every pair is meant: dimensions are added on both sides (`a[:, None] - b[None, :]`), as in distance matrices,
    - a row of statistics or weights is spread over the batch ([N, D] against [D] or [N, 1]),
    - the shapes are not known.

    ## References

    - [torch.nn.MSELoss](https://pytorch.org/docs/stable/generated/torch.nn.MSELoss.html)
    - [Broadcasting semantics](https://pytorch.org/docs/stable/notes/broadcasting.html)
    """

    code, name, severity = "NN106", "mismatched-loss-shapes", Severity.ERROR
    watches = Broadcasted
    fix = Safety.UNSAFE
    words = ("loss", "MSELoss", "L1Loss", "mean", "sum")

    def check(self, event: Broadcasted) -> Iterator[Finding]:
        if not event.differentiated:
            return
        column, fix = event.column, None
        if column is not None:
            fix = Fix("`squeeze(-1)` the column", Safety.UNSAFE, (Replace(column, (column, ".squeeze(-1)")),))
        first, second = (f"[{', '.join(sizes)}]" for sizes in event.sizes)
        yield self.finding(
            event,
            f"`{event.call}` is given {first} and {second}, which broadcast to every pair of samples",
            advice="give both the same shape: `squeeze(-1)` one of them or `unsqueeze(1)` the other",
            fix=fix,
        )
