"""NN105: a Kullback-Leibler divergence is fed the wrong scale, or averaged over elements."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, LossComputed, Named, Rename, Replace, Rule, Safety, Scale, SetArgument, Severity, Step

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

    Unsafe: the softmax of the input becomes a `log_softmax`, unless the program is seen to need its probabilities
    elsewhere; options of the loss are passed as the advice says. The weight of the term was often tuned with the
    mistake in place: with `batchmean` it is larger by the number of classes.

    ## Quiet when

    - the input is made by `log_softmax` and the reduction is `batchmean`, `sum` or `none`,
    - it is not known how input or target were made, or which reduction is asked for.

    ## References

    - [torch.nn.KLDivLoss](https://pytorch.org/docs/stable/generated/torch.nn.KLDivLoss.html)
    """

    code, name, severity = "NN105", "probabilities-into-kl-div", Severity.ERROR
    watches = LossComputed
    words = ("kl_div", "KLDivLoss")
    fix = Safety.UNSAFE

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
                fix=_log_probabilities(event),
            )
        elif event.target.scale is Scale.LOG_PROBABILITIES and loss.log_target is False:
            yield self.finding(
                event,
                f"target of {loss.named} is log-probabilities, `log_target` is off: `{event.target.made_by}`",
                trail=(*event.target.trail, fed),
                advice="pass `log_target=True`, or make the target with `softmax`",
                fix=_with(event, "log_target", "True", (3, 5)),
            )
        elif loss.reduction == "mean":
            yield self.finding(
                event,
                f"{loss.named} averages over elements by default, which is not the divergence",
                advice='pass `reduction="batchmean"`',
                severity=Severity.WARNING,
                fix=_with(event, "reduction", '"batchmean"', (2, 4)),
            )


def _log_probabilities(event: LossComputed) -> Fix | None:
    """The softmax becomes another; of raw scores the log-probabilities are computed where they are given."""
    maker, given = event.input.maker, event.given
    if event.target.scale is Scale.LOG_PROBABILITIES:
        return None  # the two are swapped
    if event.input.scale is Scale.LOGITS and event.input.rank in (2, 3) and given is not None:
        code = (Named("torch.nn.functional.log_softmax"), "(", given, ", dim=-1)")
        return Fix("give it log-probabilities", Safety.UNSAFE, (Replace(given, code),))
    if maker is None or maker.operation != "softmax":
        return None
    change = Rename(maker.layer, "LogSoftmax") if maker.layer is not None else Rename(maker.place, "log_softmax")
    return Fix(f"make log-probabilities in `{event.input.made_by}`", Safety.UNSAFE, (change,))


def _with(event: LossComputed, option: str, value: str, positions: tuple[int, int]) -> Fix:
    """Another option; `positions` are where it stands in the constructor and in the call of the function."""
    place, position = (event.loss.made, positions[0]) if event.loss.made is not None else (event.place, positions[1])
    return Fix(f"pass `{option}={value}`", Safety.UNSAFE, (SetArgument(place, option, (value,), position),))
