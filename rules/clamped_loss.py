"""NN114: a clamp on the loss takes the gradient from the samples that need it most."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Form, OperationRan, Rule, Severity

_OUT_OF_REACH = 1000  # of errors and losses that a network is trained with


class ClampedLoss(Rule):
    """The loss or the error is clamped from above, so that outliers get no gradient at all.

    ## What it does

    Finds `clamp`, `clip` and their in-place forms with an upper bound on a loss, or with bounds on both sides on the
    difference of a prediction and its target, on the way to `backward`.

    ## Why it fails silently

    Beyond the bound a clamp is constant, and the gradient of a constant is zero. What was meant is that outliers pull
    less; what happens is that they do not pull at all, and the samples that are most wrong stay wrong. A loss of the
    whole batch that is clamped stops the training where it starts above the bound.

    ## Example

    ```python
    import torch
    from torch import nn

    model, inputs, target = nn.Linear(8, 1), torch.randn(32, 8), torch.randn(32, 1)
    error = (model(inputs) - target).clamp(-1.0, 1.0)
    loss = (error**2).mean()
    loss.backward()
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    model, inputs, target = nn.Linear(8, 1), torch.randn(32, 8), torch.randn(32, 1)
    loss = nn.functional.huber_loss(model(inputs), target, delta=1.0)
    loss.backward()
    ```

    ## Fix safety

    There is no automatic fix. A Huber loss, or `clip_grad_norm_` on the gradients, is what is usually meant; both
    train another objective, and where outliers are to be ignored on purpose, a mask says so better.

    ## Quiet when

    - PPO clips its ratio, or the distance of a new value from the old one,
    - there is no upper bound: a hinge (`clamp(min=0)`) or a floor,
    - an epsilon clamp keeps probabilities off 0 and 1,
    - the bound is so high that only a broken value reaches it (1000 and more),
    - rewards, targets, weights, gradients or parameters are clamped, not the error.

    ## References

    - [Karpathy, Yes you should understand
      backprop](https://karpathy.medium.com/yes-you-should-understand-backprop-e2f06eab496b)
    - [torch.nn.HuberLoss](https://pytorch.org/docs/stable/generated/torch.nn.HuberLoss.html)
    - [torch.clamp](https://pytorch.org/docs/stable/generated/torch.clamp.html)
    """

    code, name, severity = "NN114", "clamped-loss", Severity.WARNING
    watches = OperationRan
    words = ("clamp", "clip")
    recipe = True

    def check(self, event: OperationRan) -> Iterator[Finding]:
        if event.operation != "clamp" or not event.differentiated or "max" not in event.options:
            return
        low, high = event.options.get("min"), event.options["max"]
        if isinstance(high, (int, float)) and high >= _OUT_OF_REACH:
            return
        symmetric = isinstance(low, (int, float)) and isinstance(high, (int, float)) and low == -high != 0
        if event.input.form is Form.LOSS or (
            event.input.form is Form.DIFFERENCE and symmetric and not event.added_back
        ):
            what = "loss" if event.input.form is Form.LOSS else "error"
            yield self.finding(
                event,
                f"`{event.call}` clamps the {what}: samples beyond the bound get no gradient",
                advice="clip the gradients instead, or use a Huber loss",
            )
