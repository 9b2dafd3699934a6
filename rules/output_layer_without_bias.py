"""NN512: the output layer has no bias."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, OutputCompared, RemoveArgument, Rule, Safety, Severity, Step


class OutputLayerWithoutBias(Rule):
    """The last layer before the loss has `bias=False`.

    ## What it does

    Follows the scores that a loss gets back to the layer that made them, and reports a linear layer or convolution
    behind an activation that was built with `bias=False`.

    ## Why it fails silently

    The network has to make up for the missing offset with its weights: class frequencies, or the mean of the target,
    are learned slowly and never quite. It works, so it is only slightly worse than it could be.

    ## Example

    ```python
    import torch
    from torch import nn

    net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 10, bias=False))
    inputs, labels = torch.randn(32, 20), torch.randint(10, (32,))
    nn.functional.cross_entropy(net(inputs), labels).backward()
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 10))
    inputs, labels = torch.randn(32, 20), torch.randint(10, (32,))
    nn.functional.cross_entropy(net(inputs), labels).backward()
    ```

    ## Fix safety

    `bias=False` is left out. It is unsafe: saved weights hold no bias, and the layer may be made without one on
    purpose.

    ## Quiet when

    - the layer gives scores to words: its weights are those of an embedding, or could be,
    - an offset is added behind the layer, or its scores are scaled,
    - the layer does not take what an activation made: a linear model, a head behind a norm, which brings an offset of
      its own, or one that compares directions,
    - it makes images, maps or several numbers for a regression, which may be projections,
    - it scores places by one number each: a softmax over them takes an offset out,
    - no layer of the network has a bias, which is a decision.

    ## References

    - [Lin et al., Focal Loss, section 4.1: the bias of the last layer](https://arxiv.org/abs/1708.02002)
    - [torch.nn.Linear](https://pytorch.org/docs/stable/generated/torch.nn.Linear.html)
    """

    code, name, severity = "NN512", "output-layer-without-bias", Severity.WARNING
    enabled = False
    watches = OutputCompared
    words = ("False",)
    recipe = True
    fix = Safety.UNSAFE

    def check(self, event: OutputCompared) -> Iterator[Finding]:
        message = f"`{event.layer}` makes the scores that `{event.loss}` takes, and has no bias"
        trail = (Step(event.loss_place, f"`{event.loss}` takes what `{event.layer}` returns"),)
        fix = Fix("leave `bias=False` out", Safety.UNSAFE, (RemoveArgument(event.place, "bias"),))
        yield self.finding(event, message, trail=trail, advice="leave `bias=False` out", fix=fix)
