"""NN308: a layer with parameters is built in forward."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, LayerBuilt, Rule, Severity, Step


class LayerBuiltInForward(Rule):
    """A layer with parameters is built in `forward`: new random weights at each call, never trained.

    ## What it does

    Reports constructors of layers that have parameters (`Linear`, convolutions, embeddings, norms, recurrent and
    attention layers, the user's own) where a `forward`, or what it calls, runs them at every call.

    ## Why it fails silently

    The shapes fit and gradients flow through the new layer to those before it. Its own weights are in no optimizer
    and in no checkpoint: they are drawn again at the next call. The rest of the network learns to live with a random
    map, and a trained network gives another answer to the same input each time.

    ## Example

    ```python
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 16, 3)

        def forward(self, x):
            x = self.conv(x).relu().flatten(1)
            return nn.Linear(16 * 6 * 6, 10)(x)

    print(Net()(torch.randn(4, 3, 8, 8)).shape)
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 16, 3)
            self.fc = nn.Linear(16 * 6 * 6, 10)

        def forward(self, x):
            x = self.conv(x).relu().flatten(1)
            return self.fc(x)

    print(Net()(torch.randn(4, 3, 8, 8)).shape)
    ```

    ## Fix safety

    There is no automatic fix yet. Moving the layer to `__init__` makes it learn; where its size is not known there,
    a lazy layer (`nn.LazyLinear`) takes it from the first input.

    ## Quiet when

    - the layer has no parameters (activations, pooling, `Flatten`, `Upsample`, norms without affine),
    - it is built once, under a guard (`if self.head is None`), and kept,
    - it is built by a method that `__init__` calls.

    ## References

    - [Modules](https://pytorch.org/docs/stable/notes/modules.html)
    - [torch.nn.LazyLinear](https://pytorch.org/docs/stable/generated/torch.nn.LazyLinear.html)
    """

    code, name, severity = "NN308", "layer-built-in-forward", Severity.ERROR
    watches = LayerBuilt
    words = ("forward",)

    def check(self, event: LayerBuilt) -> Iterator[Finding]:
        yield self.finding(
            event,
            f"`{event.layer.kind}` is built anew at each forward pass of `{event.module}`: it never learns",
            trail=(Step(event.place, "new random weights at each call, that no optimizer holds"),),
            advice="build the layer in `__init__` and apply it in `forward`",
        )
