"""NN101: probabilities reach a cross-entropy loss that expects raw scores."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, LossComputed, Rule, Safety, Scale, Severity, Step, Unwrap

CROSS_ENTROPIES = frozenset({"CrossEntropyLoss", "cross_entropy"})


class SoftmaxIntoCrossEntropy(Rule):
    """Softmax or sigmoid outputs are fed to a cross-entropy loss, which applies a softmax itself.

    ## What it does

    Follows the input of `CrossEntropyLoss` and `cross_entropy` back through variables, functions, modules and files,
    and reports it when it was made by a softmax or a sigmoid. A `log_softmax` is reported as information: applying it
    twice changes nothing, it is only redundant.

    ## Why it fails silently

    Probabilities are valid scores, so the loss falls and accuracy rises. But scores confined to [0, 1] can not get
    further apart than 1: with C classes the loss never falls below ln(1 + (C - 1) / e), and gradients are small where
    the network is wrong with confidence.

    ## Example

    ```python
    import torch
    from torch import nn

    criterion = nn.CrossEntropyLoss()
    scores = nn.Linear(8, 3)(torch.randn(4, 8))
    loss = criterion(scores.softmax(dim=1), torch.tensor([0, 1, 2, 0]))
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    criterion = nn.CrossEntropyLoss()
    scores = nn.Linear(8, 3)(torch.randn(4, 8))
    loss = criterion(scores, torch.tensor([0, 1, 2, 0]))
    ```

    ## Fix safety

    Unsafe: the softmax is taken out where it is made, maybe in another file, so everybody else who uses that output
    gets raw scores. An `argmax` of them is the same. There is no fix where the program is seen to need the
    probabilities elsewhere, in a threshold, a product or a metric.

    ## Quiet when

    - the softmax is applied for metrics or inference only, or only when the module is not training,
    - raw scores and probabilities are both returned and the loss takes the raw ones,
    - a flag decides about the softmax and its value is not known.

    ## References

    - [torch.nn.CrossEntropyLoss](https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html)
    """

    code, name, severity = "NN101", "softmax-into-cross-entropy", Severity.ERROR
    watches = LossComputed
    words = ("cross_entropy", "CrossEntropyLoss")
    recipe = True
    fix = Safety.UNSAFE

    def check(self, event: LossComputed) -> Iterator[Finding]:
        if event.loss.kind not in CROSS_ENTROPIES:
            return
        made = event.input.made_by
        fed = Step(event.place, f"fed to `{event.loss.called}` here")
        maker = event.input.maker
        fix = (
            Fix("take out what normalizes the scores", Safety.UNSAFE, (Unwrap(maker.place),))
            if maker is not None
            else None
        )
        match event.input.scale:
            case Scale.PROBABILITIES | Scale.SIGMOID:
                what = "softmax" if event.input.scale is Scale.PROBABILITIES else "sigmoid"
                yield self.finding(
                    event,
                    f"{what} output reaches {event.loss.named}, which expects raw scores: `{made}`",
                    trail=(*event.input.trail, fed),
                    advice=f"feed the scores from before `{made}` to the loss",
                    fix=fix,
                )
            case Scale.LOG_PROBABILITIES:
                yield self.finding(
                    event,
                    f"`{made}` is redundant: {event.loss.named} applies log_softmax itself",
                    trail=(*event.input.trail, fed),
                    advice="feed raw scores, or use NLLLoss on the log-probabilities",
                    severity=Severity.INFORMATION,
                    fix=fix,
                )
