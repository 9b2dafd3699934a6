"""NN103: a negative log-likelihood is fed something that is no log-probability."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, LossComputed, Rule, Scale, Severity, Step

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

    There is no automatic fix yet: whether the loss or the network is to change is for the author to say.

    ## Quiet when

    - the input was made by `log_softmax`, `LogSoftmax`, the log of a softmax, or a distribution's `log_prob`,
    - it is not known how the input was made.

    ## References

    - [torch.nn.NLLLoss](https://pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html)
    """

    code, name, severity = "NN103", "unnormalized-input-to-nll-loss", Severity.ERROR
    watches = LossComputed
    words = ("nll_loss", "NLLLoss")

    def check(self, event: LossComputed) -> Iterator[Finding]:
        scale = event.input.scale
        if event.loss.kind in NEGATIVE_LOG_LIKELIHOODS and scale in INSTEAD:
            yield self.finding(
                event,
                f"{event.loss.named} expects log-probabilities but gets {scale.value}: `{event.input.made_by}`",
                trail=(*event.input.trail, Step(event.place, f"fed to `{event.loss.called}` here")),
                advice=INSTEAD[scale],
            )
