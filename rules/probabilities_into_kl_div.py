"""NN105: a Kullback-Leibler divergence is fed the wrong scale, or averaged over elements."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, LossComputed, Rule, Scale, Severity, Step

DIVERGENCES = frozenset({"KLDivLoss", "kl_div"})
NO_LOG_PROBABILITIES = frozenset({Scale.LOGITS, Scale.PROBABILITIES, Scale.SIGMOID, Scale.NONNEGATIVE})


class ProbabilitiesIntoKlDiv(Rule):
    """`KLDivLoss` is fed something else than log-probabilities, or its default `mean` is not the divergence.

    ## What it does

    Reports, of `KLDivLoss` and `kl_div`: an input that is no log-probability, a target of log-probabilities without
    `log_target=True`, and the default reduction, which divides by the number of elements instead of the batch size.

    ## Why it fails silently

    The formula `target * (log(target) - input)` yields a number for whatever it is given. With probabilities as input
    it is not minimal where the distributions agree; with `reduction="mean"` it is too small by the number of classes.

    ## Example

    ```python
    import torch
    from torch.nn import functional as F

    student, teacher = torch.randn(4, 3), torch.randn(4, 3)
    loss = F.kl_div(student.softmax(1), teacher.softmax(1), reduction="batchmean")
    ```

    ## Instead

    ```python
    import torch
    from torch.nn import functional as F

    student, teacher = torch.randn(4, 3), torch.randn(4, 3)
    loss = F.kl_div(student.log_softmax(1), teacher.softmax(1), reduction="batchmean")
    ```

    ## Fix safety

    There is no automatic fix yet: the weight of the term was often tuned with the mistake in place.

    ## Quiet when

    - the input is made by `log_softmax` and the reduction is `batchmean`, `sum` or `none`,
    - it is not known how input or target were made, or which reduction is asked for.

    ## References

    - [torch.nn.KLDivLoss](https://pytorch.org/docs/stable/generated/torch.nn.KLDivLoss.html)
    """

    code, name, severity = "NN105", "probabilities-into-kl-div", Severity.ERROR
    watches = LossComputed
    words = ("kl_div", "KLDivLoss")

    def check(self, event: LossComputed) -> Iterator[Finding]:
        loss, called = event.loss, event.loss.called
        if loss.kind not in DIVERGENCES:
            return
        fed = Step(event.place, f"fed to `{called}` here")
        if event.input.scale in NO_LOG_PROBABILITIES:
            yield self.finding(
                event,
                f"{loss.named} expects log-probabilities but gets {event.input.scale.value}: `{event.input.made_by}`",
                trail=(*event.input.trail, fed),
                advice="make the input with `log_softmax`",
            )
        elif event.target.scale is Scale.LOG_PROBABILITIES and loss.log_target is False:
            yield self.finding(
                event,
                f"target of {loss.named} is log-probabilities, `log_target` is off: `{event.target.made_by}`",
                trail=(*event.target.trail, fed),
                advice="pass `log_target=True`, or make the target with `softmax`",
            )
        elif loss.reduction == "mean":
            yield self.finding(
                event,
                f"{loss.named} averages over elements by default, which is not the divergence",
                advice='pass `reduction="batchmean"`',
                severity=Severity.WARNING,
            )
