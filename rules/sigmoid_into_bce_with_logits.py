"""NN102: probabilities reach a binary cross entropy that expects raw scores."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, LossComputed, Rule, Safety, Scale, Severity, Step, Unwrap

LOGIT_LOSSES = frozenset(
    {
        "BCEWithLogitsLoss",
        "binary_cross_entropy_with_logits",
        "sigmoid_focal_loss",
        "MultiLabelSoftMarginLoss",
        "multilabel_soft_margin_loss",
    }
)


class SigmoidIntoBceWithLogits(Rule):
    """Sigmoid outputs are fed to a binary cross entropy with logits, which applies a sigmoid itself.

    ## What it does

    Follows the input of `BCEWithLogitsLoss`, `binary_cross_entropy_with_logits` and the losses built on them back
    through variables, functions, modules and files, and reports it when it was made by a sigmoid or a softmax.

    ## Why it fails silently

    The loss falls, but a sigmoid of values in [0, 1] lies between 0.5 and 0.73: the network can never say "no", and
    its gradients are damped twice.

    ## Example

    ```python
    import torch
    from torch.nn import functional as F

    scores, target = torch.randn(4), torch.ones(4)
    loss = F.binary_cross_entropy_with_logits(torch.sigmoid(scores), target)
    ```

    ## Instead

    ```python
    import torch
    from torch.nn import functional as F

    scores, target = torch.randn(4), torch.ones(4)
    loss = F.binary_cross_entropy_with_logits(scores, target)
    ```

    ## Fix safety

    Unsafe: the sigmoid is taken out where it is made, maybe in another file, so everybody else who uses that output
    gets raw scores. There is no fix where the program is seen to need the probabilities elsewhere, as in `output >
    0.5`: such a threshold belongs behind a sigmoid of its own.

    ## Quiet when

    - the sigmoid is applied for metrics, a mask or a display only,
    - the sigmoid is applied under a condition whose outcome is not known.

    ## References

    - [torch.nn.BCEWithLogitsLoss](https://pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html)
    """

    code, name, severity = "NN102", "sigmoid-into-bce-with-logits", Severity.ERROR
    watches = LossComputed
    words = ("binary_cross_entropy_with_logits", "BCEWithLogitsLoss", "sigmoid_focal_loss", "SoftMargin", "soft_margin")
    recipe = True
    fix = Safety.UNSAFE

    def check(self, event: LossComputed) -> Iterator[Finding]:
        if event.loss.kind in LOGIT_LOSSES and event.input.scale in (Scale.SIGMOID, Scale.PROBABILITIES):
            what = "sigmoid" if event.input.scale is Scale.SIGMOID else "softmax"
            made, maker = event.input.made_by, event.input.maker
            yield self.finding(
                event,
                f"{what} output reaches {event.loss.named}, which expects raw scores: `{made}`",
                trail=(*event.input.trail, Step(event.place, f"fed to `{event.loss.called}` here")),
                advice=f"feed the scores from before `{made}` to the loss",
                fix=Fix(f"take the {what} out", Safety.UNSAFE, (Unwrap(maker.place),)) if maker is not None else None,
            )
