"""NN507: two linear maps in a row, or two activations."""

from __future__ import annotations

from nnlint import Rule, Severity


class LinearWithoutNonlinearity(Rule):
    """Two linear layers follow each other with no nonlinearity between, or two activations do.

    ## What it does

    Follows the data through `forward` and `Sequential` and reports a linear layer or convolution that is fed by
    another one directly (dropout, flattening and batch norm between do not count), and an activation of an
    activation.

    ## Why it fails silently

    Two linear maps are one: the network has the parameters of a deep model and represents no more than a shallow one.
    Of two activations the second does nothing, or cuts the range: `sigmoid(relu(x))` never falls below one half.

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
    - the first is an embedding, an `EmbeddingBag`, or makes patches or features of raw input,
    - they belong to an attention (projections of queries, keys, values and output),
    - a quantizer, a sample, a product or a sum of several inputs, or a concatenation with a skip stands between,
    - one of the convolutions is depthwise, as in separable convolutions.

    ## References

    - [Goodfellow et al., Deep Learning, section 6.1](https://www.deeplearningbook.org/contents/mlp.html)
    """

    code, name, severity = "NN507", "linear-without-nonlinearity", Severity.WARNING
    words = ("Module", "Sequential")
