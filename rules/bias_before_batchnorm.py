"""NN501: a bias is cancelled by the batch norm behind it."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, LayerRan, Rule, Severity, Step


class BiasBeforeBatchnorm(Rule):
    """A linear layer or convolution with a bias feeds a batch norm, which subtracts the bias again.

    ## What it does

    Follows the output of each convolution and linear layer and reports those with a bias whose output goes into a batch
    norm or an instance norm and nowhere else. Pooling or a channel shuffle between the two changes nothing about it.

    ## Why it fails silently

    The norm subtracts the mean of each channel, and with it the bias: it costs memory and time, gets gradients of zero
    but for rounding, and with weight decay or momentum wanders about.

    ## Example

    ```python
    from torch import nn

    block = nn.Sequential(nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU())
    ```

    ## Instead

    ```python
    from torch import nn

    block = nn.Sequential(nn.Conv2d(3, 16, 3, bias=False), nn.BatchNorm2d(16), nn.ReLU())
    ```

    ## Fix safety

    There is no automatic fix yet. `bias=False` is safe for a network that is trained from scratch; saved weights hold
    the bias and no longer fit.

    ## Quiet when

    - `bias=False`, or the bias is decided by an expression whose value is not known,
    - the output is used elsewhere too, or goes through an activation first,
    - the norm is one that keeps a bias' effect (layer norm, group norm), or is there on some paths only.

    ## References

    - [Ioffe and Szegedy, Batch Normalization, section 3.2](https://arxiv.org/abs/1502.03167)
    """

    code, name, severity = "NN501", "bias-before-batchnorm", Severity.WARNING
    watches = LayerRan
    words = ("BatchNorm", "InstanceNorm")
    recipe = True

    def check(self, event: LayerRan) -> Iterator[Finding]:
        if event.fed_by is not None:
            layer, norm = event.fed_by, event.layer
            yield self.finding(
                event,
                f"the bias of {layer.named} is cancelled by {norm.named} behind it",
                place=layer.made,
                trail=(
                    Step(layer.made, f"`{layer.called}` is made with a bias"),
                    Step(norm.made, f"`{norm.called}` subtracts it"),
                ),
                advice="pass `bias=False`",
            )
