"""NN112: a softmax over a single score is constant."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, OperationRan, Rule, Severity


class SoftmaxOverSingleLogit(Rule):
    """A softmax runs over a dimension of size 1: its output is 1 whatever the input.

    ## What it does

    Compares the `dim` of `softmax`, `log_softmax`, `Softmax` and `LogSoftmax` with the shape of what they are given,
    and reports those that run over one value.

    ## Why it fails silently

    One number divided by itself is 1, and its gradient is 0: the layers before it never learn. A classifier says
    "positive" with certainty to everything, an attention with one score a key gives all keys the same weight, and the
    loss falls by what the rest of the network can do without it.

    ## Example

    ```python
    import torch
    from torch import nn

    model = nn.Sequential(nn.Linear(8, 1), nn.Softmax(dim=1))
    inputs, target = torch.randn(32, 8), torch.ones(32, 1)
    loss = nn.functional.binary_cross_entropy(model(inputs), target)
    loss.backward()
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    model = nn.Sequential(nn.Linear(8, 1), nn.Sigmoid())
    inputs, target = torch.randn(32, 8), torch.ones(32, 1)
    loss = nn.functional.binary_cross_entropy(model(inputs), target)
    loss.backward()
    ```

    ## Fix safety

    There is no automatic fix yet. For one score a sigmoid was meant, for an attention the dimension of the keys; both
    change what the network computes, and one that was trained before has to be trained again.

    ## Quiet when

    - there are two classes or more,
    - the single score belongs to one of several keys, and the softmax runs over the keys (`dim=1` on [B, T, 1]),
    - the size is not known: a number of classes, experts or heads that is computed or configured.

    ## References

    - [torch.nn.Softmax](https://pytorch.org/docs/stable/generated/torch.nn.Softmax.html)
    - [torch.nn.Sigmoid](https://pytorch.org/docs/stable/generated/torch.nn.Sigmoid.html)
    """

    code, name, severity = "NN112", "softmax-over-single-logit", Severity.ERROR
    watches = OperationRan
    words = ("softmax", "Softmax")

    def check(self, event: OperationRan) -> Iterator[Finding]:
        dim = event.options.get("dim")
        if event.operation != "softmax" or type(dim) is not int or not event.sizes:
            return
        if -len(event.sizes) <= dim < len(event.sizes) and event.sizes[dim] == "1":
            yield self.finding(
                event,
                f"`{event.call}` is taken over a single value: its output is 1 whatever the input",
                place=event.layer_made,
                advice="use a sigmoid for one score, or give the layer before it one output for each class",
            )
