"""NN507: two linear maps in a row, or two activations."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, LayersChained, Rule, Severity, Step


class LinearWithoutNonlinearity(Rule):
    """Two linear layers follow each other with no nonlinearity between, or a sigmoid follows a ReLU.

    ## What it does

    Follows the data through `forward` and `Sequential` and reports a linear layer or convolution that takes what
    another one in the same network made as it is (dropout does not count), where nothing else uses that; and a sigmoid
    or tanh of what a ReLU made.

    ## Why it fails silently

    Two linear maps are one: the network has the parameters of a deep model and represents no more than a shallow one.
    Of two activations the first cuts the range of the second: `sigmoid(relu(x))` never falls below one half.

    ## Example

    ```python
    import torch
    from torch import nn

    net = nn.Sequential(
        nn.Linear(20, 64),
        nn.Linear(64, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )
    print(net(torch.randn(8, 20)).shape)
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    net = nn.Sequential(
        nn.Linear(20, 64),
        nn.ReLU(),
        nn.Linear(64, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )
    print(net(torch.randn(8, 20)).shape)
    ```

    ## Fix safety

    There is no automatic fix yet. A nonlinearity between the two keeps the shapes of the weights, but trained weights
    do not fit the new function.

    ## Quiet when

    - the pair is a bottleneck or an adapter: the size between is smaller than those around it (low rank, LoRA,
      factorized embeddings),
    - the first is an embedding, an `EmbeddingBag`, or a projection by its name, or makes patches,
    - the model is linear by its name (fastText), or a mixer,
    - they belong to an attention (projections of queries, keys, values and output),
    - a quantizer, a sample, a product or a sum of several inputs, or a concatenation with a skip stands between,
    - one of the convolutions is depthwise, pointwise or transposed, as in separable convolutions,
    - the first has no bias, or a norm stands between: what becomes of it is not followed.

    ## References

    - [Goodfellow et al., Deep Learning, section 6.1](https://www.deeplearningbook.org/contents/mlp.html)
    """

    code, name, severity = "NN507", "linear-without-nonlinearity", Severity.WARNING
    watches = LayersChained
    words = ("Module", "Sequential")

    def check(self, event: LayersChained) -> Iterator[Finding]:
        if event.cut:
            message = f"`{event.second}` takes what `{event.first}` made, and never gets a negative value"
            advice = f"leave `{event.first}` out"
        else:
            message = f"`{event.second}` takes what `{event.first}` made: two linear maps in a row are one"
            advice = "put a nonlinearity between them, or leave one of them out"
        trail = (Step(event.first_made, f"`{event.first}` is made here"),) if event.first_made is not None else ()
        yield self.finding(event, message, trail=trail, advice=advice)
