"""NN115: an activation cuts the class scores before a loss that expects them raw."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, LossComputed, Rule, Safety, Scale, Severity, Step, Unwrap

_WHAT = {
    Scale.NONNEGATIVE: "scores after a ReLU",
    Scale.TANH: "scores after a tanh",
    Scale.DROPPED: "scores after a dropout",
}


class ActivationBeforeLogitLoss(Rule):
    """ReLU, tanh or dropout is applied to the class scores that go into a loss of raw scores.

    ## What it does

    Follows the input of the losses that take raw scores (`CrossEntropyLoss`, `BCEWithLogitsLoss` and their functional
    forms) back through variables, functions, modules and files, and reports it when the last thing that made it was a
    ReLU, a tanh or a dropout.

    ## Why it fails silently

    The loss falls all the same. After a ReLU no score is negative: a binary network can never say "no" with more than
    even odds, and a score that is 0 gets no gradient. After a tanh two scores differ by 2 at most, so that no class
    of ten is ever given more than 46 %. Dropout on the scores replaces some of them by 0 at random: the loss is noise
    that no weight can lower.

    ## Example

    ```python
    import torch
    from torch import nn
    from torch.nn import functional as F

    def run(optimizer, train_loader):
        model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 10), nn.ReLU())
        for inputs, target in train_loader:
            optimizer.zero_grad()
            F.cross_entropy(model(inputs), target).backward()
            optimizer.step()
    ```

    ## Instead

    ```python
    import torch
    from torch import nn
    from torch.nn import functional as F

    def run(optimizer, train_loader):
        model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 10))
        for inputs, target in train_loader:
            optimizer.zero_grad()
            F.cross_entropy(model(inputs), target).backward()
            optimizer.step()
    ```

    ## Fix safety

    Unsafe: the activation is taken out where it is made. That is what a network needs which is trained afresh; one that
    was trained with it has to be trained again, and other users of the output may count on its range. There is no fix
    where the same activation is applied elsewhere too, between hidden layers.

    ## Quiet when

    - the activation stands between hidden layers,
    - what is activated goes to another loss, a metric or a display, and the loss takes the raw scores,
    - the tanh is scaled afterwards, as in soft-capped scores (`cap * torch.tanh(scores / cap)`).

    ## References

    - [torch.nn.CrossEntropyLoss](https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html)
    - [torch.nn.BCEWithLogitsLoss](https://pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html)
    """

    code, name, severity = "NN115", "activation-before-logit-loss", Severity.ERROR
    watches = LossComputed
    words = ("Loss", "cross_entropy", "loss")
    fix = Safety.UNSAFE

    def check(self, event: LossComputed) -> Iterator[Finding]:
        what = _WHAT.get(event.input.scale)
        if event.loss.expects is not Scale.LOGITS or what is None:
            return
        made, maker = event.input.made_by, event.input.maker
        yield self.finding(
            event,
            f"{what} reach {event.loss.named}, which expects raw scores: `{made}`",
            trail=(*event.input.trail, Step(event.place, f"fed to `{event.loss.called}` here")),
            advice=f"feed the scores from before `{made}` to the loss",
            fix=Fix("take the activation out", Safety.UNSAFE, (Unwrap(maker.place),)) if maker is not None else None,
        )
