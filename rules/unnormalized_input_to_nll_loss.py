"""NN103: a negative log-likelihood is fed something that is no log-probability."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, LossComputed, Rename, Rule, Safety, Scale, SetArgument, Severity, Step, Unwrap

NEGATIVE_LOG_LIKELIHOODS = frozenset({"NLLLoss", "nll_loss", "NLLLoss2d", "nll_loss2d"})
INSTEAD = {
    Scale.LOGITS: "apply `log_softmax` to the scores, or use CrossEntropyLoss",
    Scale.PROBABILITIES: "replace the softmax by `log_softmax`",
    Scale.SIGMOID: "replace the sigmoid by `log_softmax`",
    Scale.NONNEGATIVE: "drop the activation and apply `log_softmax`, or use CrossEntropyLoss",
}


class UnnormalizedInputToNllLoss(Rule):
    """`NLLLoss` is fed raw scores or probabilities instead of log-probabilities.

    ## What it does

    Follows the input of `NLLLoss` and `nll_loss` back through variables, functions, modules and files, and reports it
    when it comes straight from a linear map or convolution, a rectifier, a softmax or a sigmoid.

    ## Why it fails silently

    `nll_loss` only picks the target's entry and negates it. Fed raw scores, the loss falls without bound as the
    network raises all scores; fed probabilities, it is bounded by -1 and its gradient vanishes where it is needed.

    ## Example

    ```python
    import torch
    from torch import nn

    scores = nn.Linear(8, 3)(torch.randn(4, 8))
    loss = nn.NLLLoss()(scores, torch.tensor([0, 1, 2, 0]))
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    scores = nn.Linear(8, 3)(torch.randn(4, 8))
    loss = nn.NLLLoss()(scores.log_softmax(dim=1), torch.tensor([0, 1, 2, 0]))
    ```

    ## Fix safety

    Unsafe. A softmax becomes a `log_softmax`, unless the program is seen to need its probabilities elsewhere. Where
    raw scores arrive the loss becomes a cross entropy, unless the same loss is given log-probabilities elsewhere.
    Either way losses of earlier runs can not be compared with it.

    ## Quiet when

    - the input was made by `log_softmax`, `LogSoftmax`, the log of a softmax, or a distribution's `log_prob`,
    - it is not known how the input was made.

    ## References

    - [torch.nn.NLLLoss](https://pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html)
    """

    code, name, severity = "NN103", "unnormalized-input-to-nll-loss", Severity.ERROR
    watches = LossComputed
    words = ("nll_loss", "NLLLoss")
    fix = Safety.UNSAFE

    def check(self, event: LossComputed) -> Iterator[Finding]:
        scale = event.input.scale
        if event.loss.kind in NEGATIVE_LOG_LIKELIHOODS and scale in INSTEAD:
            yield self.finding(
                event,
                f"{event.loss.named} expects log-probabilities but gets {scale.value}: `{event.input.made_by}`",
                trail=(*event.input.trail, Step(event.place, f"fed to `{event.loss.called}` here")),
                advice=INSTEAD[scale],
                fix=_fix(event),
            )


def _fix(event: LossComputed) -> Fix | None:
    """Log-probabilities in the place of probabilities; of raw scores a loss that takes these."""
    maker, loss = event.input.maker, event.loss
    if event.input.scale in (Scale.PROBABILITIES, Scale.SIGMOID):
        if maker is None or maker.operation not in ("softmax", "sigmoid"):
            return None
        place = maker.layer or maker.place
        change = Rename(place, "LogSoftmax" if maker.layer else "log_softmax")
        if maker.operation == "softmax":
            return Fix(f"make log-probabilities in `{event.input.made_by}`", Safety.UNSAFE, (change,))
        if event.input.rank != 2:
            return None
        return Fix("replace the sigmoid by `log_softmax`", Safety.UNSAFE, (change, SetArgument(place, "dim", ("1",))))
    if loss.fed != {event.input.scale} or loss.kind.endswith("2d"):
        return None
    of_scores = Rename(loss.made or event.place, "CrossEntropyLoss" if loss.made else "cross_entropy")
    if event.input.scale is Scale.LOGITS:
        return Fix(f"use `{of_scores.name}`, which takes raw scores", Safety.UNSAFE, (of_scores,))
    if maker is None:
        return None
    return Fix(
        f"take `{event.input.made_by}` out and use `{of_scores.name}`", Safety.UNSAFE, (Unwrap(maker.place), of_scores)
    )
