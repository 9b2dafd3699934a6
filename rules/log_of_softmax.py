"""NN110: the logarithm of a softmax, a sigmoid or a sum of exponentials overflows."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Form, OperationRan, Rule, Scale, Severity, Step


class LogOfSoftmax(Rule):
    """The logarithm of a softmax, a sigmoid or a sum of exponentials, which overflows, is taken.

    ## What it does

    Finds `log(softmax(x))`, `log(sigmoid(x))` and `log(sum(exp(x)))` in the differentiated path, also where the two
    halves stand in different lines, functions or files.

    ## Why it fails silently

    In exact arithmetic nothing is wrong, and at the start of training nothing is wrong in floating point either. Once
    a score trails the largest by about 104, its softmax is 0 in single precision (by 17 in half precision), its
    logarithm is -inf, and the weights are NaN after the next step: hours into the run, on one unlucky batch.

    ## Example

    ```python
    import torch
    from torch import nn
    from torch.nn import functional as F

    model, inputs, target = nn.Linear(16, 4), torch.randn(32, 16), torch.randint(4, (32,))
    probabilities = F.softmax(model(inputs), dim=1)
    loss = F.nll_loss(torch.log(probabilities), target)
    loss.backward()
    ```

    ## Instead

    ```python
    import torch
    from torch import nn
    from torch.nn import functional as F

    model, inputs, target = nn.Linear(16, 4), torch.randn(32, 16), torch.randint(4, (32,))
    loss = F.nll_loss(F.log_softmax(model(inputs), dim=1), target)
    loss.backward()
    ```

    ## Fix safety

    There is no automatic fix yet. `log_softmax`, `logsigmoid` and `logsumexp` mean the same and are as exact or more
    exact everywhere; where the probabilities are used elsewhere too, they stay.

    ## Quiet when

    - an epsilon or a clamp stands inside the logarithm,
    - the stable function is used,
    - the logarithm is taken of something else: counts, priors, a variance.

    ## References

    - [torch.nn.functional.log_softmax](https://pytorch.org/docs/stable/generated/torch.nn.functional.log_softmax.html)
    - [torch.nn.functional.logsigmoid](https://pytorch.org/docs/stable/generated/torch.nn.functional.logsigmoid.html)
    - [torch.logsumexp](https://pytorch.org/docs/stable/generated/torch.logsumexp.html)
    """

    code, name, severity = "NN110", "log-of-softmax", Severity.WARNING
    watches = OperationRan
    words = ("log",)

    def check(self, event: OperationRan) -> Iterator[Finding]:
        if event.operation != "log" or not (event.differentiated or event.in_forward) or event.input.guarded:
            return
        if event.input.form is Form.SUM_OF_EXPONENTIALS:
            what, instead = "a sum of exponentials", "torch.logsumexp"
        elif event.input.form is Form.ONE_MINUS:
            return
        elif event.input.scale is Scale.PROBABILITIES:
            what, instead = "a softmax", "F.log_softmax"
        elif event.input.scale is Scale.SIGMOID:
            what, instead = "a sigmoid", "F.logsigmoid"
        else:
            return
        yield self.finding(
            event,
            f"`{event.call}` is the logarithm of {what} and overflows where `{instead}` does not",
            trail=(*event.input.trail, Step(event.place, "its logarithm is taken here")),
            advice=f"use `{instead}` of the raw values",
        )
