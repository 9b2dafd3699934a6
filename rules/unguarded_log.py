"""NN111: a logarithm, a root or a division in the loss meets a value that can be 0."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Form, OperationRan, Rule, Scale, Severity, Step


class UnguardedLog(Rule):
    """A logarithm, a root or a division in the differentiated path takes a value that can reach 0.

    ## What it does

    Finds `log`, `sqrt`, powers below 1 and divisions on the way from the network to the loss whose argument can be 0
    by what made it (a ReLU, a sum of squares, one minus a probability) and has nothing that keeps it away from 0.

    ## Why it fails silently

    The value may be harmless where its gradient is not: the root of 0 is 0, its derivative is infinite, and 0 times
    infinity is NaN in the backward pass. One element of one batch is enough: the next step writes NaN into every
    weight, and the loss is NaN from then on.

    ## Example

    ```python
    import torch
    from torch import nn

    model, inputs, counts = nn.Linear(8, 1), torch.randn(32, 8), torch.ones(32, 1)
    rate = torch.relu(model(inputs))
    loss = (rate - counts * torch.log(rate)).mean()
    loss.backward()
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    model, inputs, counts = nn.Linear(8, 1), torch.randn(32, 8), torch.ones(32, 1)
    rate = torch.relu(model(inputs))
    loss = (rate - counts * torch.log(rate + 1e-6)).mean()
    loss.backward()
    ```

    ## Fix safety

    There is no automatic fix. An epsilon inside the function (`sqrt(x + eps)`, `clamp(min=eps)`) is safe; outside
    (`sqrt(x) + eps`) it does not help. Which epsilon fits depends on the scale of the values, and often a function of
    the raw scores (`logsigmoid`, `softplus`, `PoissonNLLLoss`) needs none.

    ## Quiet when

    - an epsilon, a clamp or `log1p` keeps the argument away from 0,
    - the argument can not be 0: exponentials, softplus, sums of a softmax, `std` and `norm` over data,
    - a mask's sum is guarded elsewhere, by a condition on it,
    - nothing is differentiated, as in a metric under `no_grad`,
    - it is the logarithm of a softmax or a sigmoid: that is NN110.

    ## References

    - [Gradients for non-differentiable functions](https://pytorch.org/docs/stable/notes/autograd.html)
    - [torch.log1p](https://pytorch.org/docs/stable/generated/torch.log1p.html)
    - [torch.nn.PoissonNLLLoss](https://pytorch.org/docs/stable/generated/torch.nn.PoissonNLLLoss.html)
    """

    code, name, severity = "NN111", "unguarded-log", Severity.WARNING
    watches = OperationRan
    words = ("log", "sqrt", "pow")

    def check(self, event: OperationRan) -> Iterator[Finding]:
        if event.input.guarded or not event.differentiated:
            return
        if event.operation == "log" and event.input.form is Form.ONE_MINUS:
            what = "one minus a probability, which is 0 where that is 1"
        elif event.input.scale is Scale.NONNEGATIVE and _steep_at_zero(event):
            what = f"the output of `{event.input.made_by}`, which can be 0"
        else:
            return
        yield self.finding(
            event,
            f"`{event.call}` is differentiated and takes {what}",
            trail=(*event.input.trail, Step(event.place, "the gradient is infinite or NaN at 0")),
            advice="keep the value off 0 by an epsilon or `clamp(min=…)`, or compute it from the raw scores",
        )


def _steep_at_zero(event: OperationRan) -> bool:
    """Whether the derivative of the operation is infinite at 0."""
    if event.operation == "pow":
        exponent = event.options.get("exponent")
        return isinstance(exponent, float) and 0 < exponent < 1
    return event.operation in ("log", "sqrt")
