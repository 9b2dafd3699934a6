"""NN110: the logarithm of a softmax, a sigmoid or a sum of exponentials overflows."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import (
    Finding,
    Fix,
    Form,
    Named,
    OperationRan,
    Rename,
    Replace,
    Rule,
    Safety,
    Scale,
    Severity,
    Step,
    Unwrap,
    Written,
)


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

    Safe where both halves stand in one expression: `log_softmax`, `logsigmoid` and `logsumexp` mean the same and are
    as exact or more exact everywhere. Unsafe where the softmax is made elsewhere: its place computes log-probabilities
    then, and is known by the old name. There is no fix where the probabilities are used elsewhere too.

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
    fix = Safety.SAFE

    def check(self, event: OperationRan) -> Iterator[Finding]:
        if event.operation != "log" or not (event.differentiated or event.in_forward) or event.input.guarded:
            return
        if event.input.form is Form.SUM_OF_EXPONENTIALS:
            what, limit, instead = "a sum of exponentials", "overflows", "torch.logsumexp"
        elif event.input.form is Form.ONE_MINUS:
            return
        elif event.input.scale is Scale.PROBABILITIES:
            what, limit, instead = "a softmax", "is rounded to 0", "F.log_softmax"
        elif event.input.scale is Scale.SIGMOID:
            what, limit, instead = "a sigmoid", "is rounded to 0", "F.logsigmoid"
        else:
            return
        yield self.finding(
            event,
            f"`{event.call}` is the logarithm of {what}, and infinite where that {limit}",
            trail=(*event.input.trail, Step(event.place, "its logarithm is taken here")),
            advice=f"use `{instead}` of the raw values",
            fix=_fix(event),
        )


def _fix(event: OperationRan) -> Fix | None:
    """The stable function, where the logarithm is all that becomes of the other."""
    if not event.written or event.written[0].name != "log":
        return None
    inner = event.written[1:]
    if event.input.form is Form.SUM_OF_EXPONENTIALS:
        return _log_of_sum(event, inner)
    maker = event.input.maker
    at_once = bool(inner) and maker is not None and inner[0].call == maker.place
    if at_once and inner[0].name == "sigmoid":
        code = (Named("torch.nn.functional.logsigmoid"), "(", inner[0].operand, ")")
        return Fix("use `logsigmoid`", Safety.SAFE, (Replace(event.place, code),))
    if maker is None or maker.operation not in ("softmax", "sigmoid"):
        return None
    if maker.layer is not None:
        name = "LogSoftmax" if maker.operation == "softmax" else "LogSigmoid"
        return Fix(f"use `{name}`", Safety.UNSAFE, (Rename(maker.layer, name), Unwrap(event.place)))
    if maker.operation == "sigmoid":
        return None
    safety = Safety.SAFE if at_once else Safety.UNSAFE
    return Fix("use `log_softmax`", safety, (Rename(maker.place, "log_softmax"), Unwrap(event.place)))


def _log_of_sum(event: OperationRan, inner: tuple[Written, ...]) -> Fix | None:
    """Of `x.exp().sum(1).log()`."""
    dim = inner[0].argument("dim") if len(inner) == 2 else None
    if dim is None or [each.name for each in inner] != ["sum", "exp"]:
        return None
    keepdim = inner[0].argument("keepdim")
    kept = (", keepdim=", keepdim) if keepdim is not None else ()
    code = (Named("torch.logsumexp"), "(", inner[1].operand, ", dim=", dim, *kept, ")")
    return Fix("use `logsumexp`", Safety.SAFE, (Replace(event.place, code),))
