"""NN501: a bias is cancelled by the batch norm behind it."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, LayerRan, Rule, Safety, SetArgument, Severity, Step


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

    `bias=False` is set. It is safe for a network that is trained from scratch. It is unsafe where the program loads
    weights: saved ones hold the bias and no longer fit; and where the project works with biases at all. There is none
    where this bias is worked with, or the layer is of a class of its own.

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
    fix = Safety.SAFE

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
                fix=_without_bias(event),
            )


def _without_bias(event: LayerRan) -> Fix | None:
    position = _POSITIONS.get(event.fed_by.kind) if event.fed_by is not None else None
    if event.fed_by is None or position is None or event.bias_used is not False:
        return None
    safety = Safety.UNSAFE if event.loads else Safety.SAFE
    change = SetArgument(event.fed_by.made, "bias", ("False",), position)
    return Fix("pass `bias=False`", safety, (change,))


_POSITIONS = {"Linear": 2} | {f"Conv{kind}{number}d": 7 for kind in ("", "Transpose") for number in (1, 2, 3)}
"""Where `bias` stands among the arguments of a layer."""
