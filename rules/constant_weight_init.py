"""NN508: weights start from one constant."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Rule, Severity, Step, WeightsFilled


class ConstantWeightInit(Rule):
    """The weights of a layer and of the next one are all initialized to one constant.

    ## What it does

    Reports an initialization that fills the weights of a layer with a single number when the layer that takes its
    output is filled so too: nothing tells the units between them apart.

    ## Why it fails silently

    All units of the layer compute the same, get the same gradient and stay alike for ever: the layer is worth one
    unit. The loss falls as far as that one unit can take it; with zeros nothing but the last bias moves.

    ## Example

    ```python
    import torch
    from torch import nn

    def init_weights(layer):
        if isinstance(layer, nn.Linear):
            nn.init.constant_(layer.weight, 0.1)
            nn.init.zeros_(layer.bias)

    net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 10))
    net.apply(init_weights)
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    def init_weights(layer):
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 10))
    net.apply(init_weights)
    ```

    ## Fix safety

    There is no automatic fix yet. Taking the initialization out leaves PyTorch's own, which is random; every result
    changes.

    ## Quiet when

    - biases, and the scale of norms, are filled,
    - only one of two neighbours is filled: the random one tells the units apart,
    - the biases of the layer stay random, or dropout follows it: they tell its units apart, too,
    - the last layer of a residual branch, an adapter or a head starts from zero.

    ## References

    - [Goodfellow et al., Deep Learning, section 8.4](https://www.deeplearningbook.org/contents/optimization.html)
    - [torch.nn.init](https://pytorch.org/docs/stable/nn.init.html)
    """

    code, name, severity = "NN508", "constant-weight-init", Severity.ERROR
    watches = WeightsFilled
    words = ("constant_", "fill_", "full_like", "ones_", "ones_like", "zero_", "zeros_", "zeros_like")

    def check(self, event: WeightsFilled) -> Iterator[Finding]:
        layer, following = event.layer, event.following
        message = f"one constant fills the weights of `{layer}` and of `{following}` behind it: its units stay alike"
        trail = (Step(event.following_place, f"the weights of `{following}` are filled here"),)
        advice = "draw the weights at random, as torch does by itself"
        yield self.finding(event, message, trail=trail, advice=advice)
