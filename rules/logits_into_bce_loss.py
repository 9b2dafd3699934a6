"""NN104: raw scores reach a binary cross entropy that expects probabilities."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, LossComputed, Rename, Rule, Safety, Scale, Severity, Step

_UNBOUNDED = (Scale.LOGITS, Scale.DROPPED, Scale.TANH, Scale.LOG_PROBABILITIES)


class LogitsIntoBceLoss(Rule):
    """Unbounded scores are fed to `BCELoss` or `binary_cross_entropy`, which expect probabilities.

    ## What it does

    Follows the input of `BCELoss` and `binary_cross_entropy` back through variables, functions, modules and files,
    and reports it when it was made by a layer whose output has no bounds and nothing brings it into [0, 1].

    ## Why it fails silently

    It fails loudly on a CPU if a score lies outside [0, 1], by an exception that does not name the layer; on a GPU by
    an assertion of the device, far from the line that is to blame. As long as the first scores happen to lie inside,
    it trains: on values that are no probabilities, until one leaves the interval.

    ## Example

    ```python
    import torch
    from torch import nn

    model, criterion = nn.Linear(8, 1), nn.BCELoss()
    inputs, target = torch.randn(32, 8), torch.ones(32, 1)
    loss = criterion(model(inputs), target)
    loss.backward()
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    model, criterion = nn.Linear(8, 1), nn.BCEWithLogitsLoss()
    inputs, target = torch.randn(32, 8), torch.ones(32, 1)
    loss = criterion(model(inputs), target)
    loss.backward()
    ```

    ## Fix safety

    Unsafe: the loss becomes the form with logits, which takes the scores as they are and is more exact than a sigmoid
    followed by `BCELoss`. What thresholds the output at 0.5 has to apply a sigmoid then. There is no fix where the same
    loss is given probabilities elsewhere.

    ## Quiet when

    - a sigmoid stands anywhere on the way, in the network, the loop or the loss,
    - the values are brought into [0, 1] otherwise: a clamp, a softmax, a rescaled cosine,
    - the loss is the one that takes raw scores.

    ## References

    - [torch.nn.BCELoss](https://pytorch.org/docs/stable/generated/torch.nn.BCELoss.html)
    - [torch.nn.BCEWithLogitsLoss](https://pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html)
    """

    code, name, severity = "NN104", "logits-into-bce-loss", Severity.ERROR
    watches = LossComputed
    words = ("BCELoss", "binary_cross_entropy")
    fix = Safety.UNSAFE

    def check(self, event: LossComputed) -> Iterator[Finding]:
        if event.loss.expects is not Scale.SIGMOID or event.input.scale not in _UNBOUNDED:
            return
        yield self.finding(
            event,
            f"raw scores reach {event.loss.named}, which expects probabilities: `{event.input.made_by}`",
            trail=(*event.input.trail, Step(event.place, f"fed to `{event.loss.called}` here")),
            advice="use the loss that takes raw scores, `BCEWithLogitsLoss`, or apply a sigmoid first",
            fix=_fix(event),
        )


def _fix(event: LossComputed) -> Fix | None:
    """The loss that takes raw scores, if it is given nothing else."""
    loss = event.loss
    if loss.fed != {Scale.LOGITS} or loss.kind not in ("BCELoss", "binary_cross_entropy"):
        return None
    change = (
        Rename(loss.made, "BCEWithLogitsLoss")
        if loss.made is not None
        else Rename(event.place, "binary_cross_entropy_with_logits")
    )
    return Fix(f"use `{change.name}`, which takes raw scores", Safety.UNSAFE, (change,))
