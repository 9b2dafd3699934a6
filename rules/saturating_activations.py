"""NN513: a deep stack of saturating activations."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import ActivationsStacked, Finding, Rule, Severity

_DEEP = 4


class SaturatingActivations(Rule):
    """A deep stack of `sigmoid` or `tanh` has neither normalization nor a matching initialization.

    ## What it does

    Counts the saturating activations between linear layers on the way through a network, and reports four or more in
    a row without a norm, a residual path, or an initialization made for them.

    ## Why it fails silently

    A saturated unit passes next to no gradient, and a sigmoid never more than a quarter of it. The last layers learn,
    the first ones stay where they are, and the loss comes to rest early.

    ## Example

    ```python
    import torch
    from torch import nn

    layers = [nn.Linear(20, 64), nn.Sigmoid()]
    for _ in range(5):
        layers += [nn.Linear(64, 64), nn.Sigmoid()]
    net = nn.Sequential(*layers, nn.Linear(64, 10))
    inputs, labels = torch.randn(32, 20), torch.randint(10, (32,))
    nn.functional.cross_entropy(net(inputs), labels).backward()
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    layers = [nn.Linear(20, 64), nn.ReLU()]
    for _ in range(5):
        layers += [nn.Linear(64, 64), nn.ReLU()]
    net = nn.Sequential(*layers, nn.Linear(64, 10))
    inputs, labels = torch.randn(32, 20), torch.randint(10, (32,))
    nn.functional.cross_entropy(net(inputs), labels).backward()
    ```

    ## Fix safety

    There is no automatic fix yet. Another activation, norms between the layers, or Xavier's initialization each
    change what the network computes; trained weights do not fit.

    ## Quiet when

    - they are gates: recurrent cells, gated units, attention over channels,
    - norms or residual paths stand between, or the weights are initialized with the gain of the activation,
    - the stack is shallow, or only its output is squashed.

    ## References

    - [Glorot and Bengio, Training Deep Feedforward Neural Networks](https://proceedings.mlr.press/v9/glorot10a.html)
    - [torch.nn.init.calculate_gain](https://pytorch.org/docs/stable/nn.init.html)
    """

    code, name, severity = "NN513", "saturating-activations", Severity.WARNING
    enabled = False
    watches = ActivationsStacked
    words = ("Sigmoid", "Tanh", "sigmoid", "tanh")

    def check(self, event: ActivationsStacked) -> Iterator[Finding]:
        if event.number < _DEEP:
            return
        yield self.finding(
            event,
            f"`{event.activation}` is the first of {event.number} saturating activations in a row",
            advice="use an activation that does not saturate, norms between the layers, or Xavier's initialization",
        )
