"""NN113: raw scores are thresholded as if they were probabilities."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, Named, Replace, Rule, Safety, Severity, Step, Thresholded


class LogitsThresholdedAsProbabilities(Rule):
    """Raw scores are compared with 0.5 or rounded, as if they were probabilities.

    ## What it does

    Follows what a metric compares with 0.5, or rounds, back to a network whose output a loss with logits takes raw
    (`BCEWithLogitsLoss`, `binary_cross_entropy_with_logits`), and reports it when no sigmoid stands between.

    ## Why it fails silently

    The score that means "even odds" is 0; a raw score above 0.5 means a probability above 0.62. The metric is wrong
    by the samples in between, which look like a network that is merely too cautious, and a checkpoint or a stop that
    follows the metric follows the error. Rounded, a score of 3 equals neither label.

    ## Example

    ```python
    import torch
    from torch import nn
    from torch.nn import functional as F

    model, inputs, target = nn.Linear(8, 1), torch.randn(32, 8), torch.ones(32, 1)
    scores = model(inputs)
    F.binary_cross_entropy_with_logits(scores, target).backward()
    accuracy = ((scores > 0.5) == target.bool()).float().mean()
    ```

    ## Instead

    ```python
    import torch
    from torch import nn
    from torch.nn import functional as F

    model, inputs, target = nn.Linear(8, 1), torch.randn(32, 8), torch.ones(32, 1)
    scores = model(inputs)
    F.binary_cross_entropy_with_logits(scores, target).backward()
    accuracy = ((torch.sigmoid(scores) > 0.5) == target.bool()).float().mean()
    ```

    ## Fix safety

    Unsafe: the scores are compared with 0, where the number stands in the comparison, or get a sigmoid. It changes the
    metric only, to the right one; scores of earlier runs can not be compared with it, and a function of metrics may be
    given probabilities by others.

    ## Quiet when

    - a sigmoid stands before the comparison, in the network too (also one that is applied in evaluation only),
    - the threshold is 0,
    - the network was trained to answer 0 or 1 itself, by `BCELoss` or a squared error.

    ## References

    - [torch.nn.BCEWithLogitsLoss](https://pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html)
    - [torch.sigmoid](https://pytorch.org/docs/stable/generated/torch.sigmoid.html)
    """

    code, name, severity = "NN113", "logits-thresholded-as-probabilities", Severity.ERROR
    watches = Thresholded
    words = ("round", ">", "<")
    fix = Safety.UNSAFE

    def check(self, event: Thresholded) -> Iterator[Finding]:
        if event.threshold not in (None, 0.5):
            return
        how = "rounded" if event.threshold is None else "compared with 0.5"
        yield self.finding(
            event,
            f"raw scores, trained with `{event.trained_by}`, are {how} like probabilities: `{event.call}`",
            trail=(*event.input.trail, Step(event.place, f"{how} here")),
            advice="apply a sigmoid first, or compare with 0",
            fix=_fix(event),
        )


def _fix(event: Thresholded) -> Fix | None:
    if event.bound is not None:
        return Fix("compare with 0", Safety.UNSAFE, (Replace(event.bound, ("0",)),))
    if event.scores is not None:
        code = (Named("torch.sigmoid"), "(", event.scores, ")")
        return Fix("apply a sigmoid first", Safety.UNSAFE, (Replace(event.scores, code),))
    return None
