"""NN112: a softmax over a single score is constant."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, Named, OperationRan, Replace, Rule, Safety, SetArgument, Severity


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

    Unsafe: the softmax becomes a sigmoid, where there is one score for each sample, or goes over the keys, where there
    is one for each of them. Both change what the network computes, and one that was trained before has to be trained
    again.

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
    fix = Safety.UNSAFE

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
                fix=_fix(event),
            )


def _fix(event: OperationRan) -> Fix | None:
    """A sigmoid of one score a sample; of one score a key a softmax over the keys."""
    layer, rank = event.layer_made, len(event.sizes or ())
    if event.shared or rank not in (2, 3) or (layer is None and not event.written):
        return None
    place = event.layer_made or event.place
    if rank == 3:
        position = 0 if layer is not None or event.written[0].method else 1
        change = SetArgument(place, "dim", ("1",), position)
        return Fix("normalize over the keys: `dim=1`", Safety.UNSAFE, (change,))
    if layer is not None:
        return Fix("use a sigmoid", Safety.UNSAFE, (Replace(layer, (Named("torch.nn.Sigmoid"), "()")),))
    code = (Named("torch.sigmoid"), "(", event.written[0].operand, ")")
    return Fix("use a sigmoid", Safety.UNSAFE, (Replace(place, code),))
