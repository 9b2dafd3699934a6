"""NN410: the graph is cut inside a forward pass."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint import Confidence, Finding, Form, GraphCut, Rule, Severity, Step

_ON_PURPOSE = re.compile(
    r"teacher|target|ema|moment|frozen|freeze|stop_?grad|pretrained|backbone|key|aux", re.IGNORECASE
)


class GraphBrokenInForward(Rule):
    """`.detach()`, `.data`, `.numpy()`, `.item()` or `torch.tensor(x)` cuts the graph inside a `forward`.

    ## What it does

    Follows the values of a forward pass to its output and reports the expression behind which they no longer hang on
    the parameters that made them, where the output is differentiated.

    ## Why it fails silently

    The values are the right ones, so outputs and loss are as well. Layers before the cut get no gradient and keep
    their random weights; the layers behind it learn, and the loss falls.

    ## Example

    ```python
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Linear(20, 32)
            self.head = nn.Linear(32, 5)

        def forward(self, x):
            features = torch.relu(self.encoder(x))
            return self.head(features.detach())

    def run(criterion, inputs, target):
        criterion(Net()(inputs), target).backward()
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Linear(20, 32)
            self.head = nn.Linear(32, 5)

        def forward(self, x):
            features = torch.relu(self.encoder(x))
            return self.head(features)

    def run(criterion, inputs, target):
        criterion(Net()(inputs), target).backward()
    ```

    ## Fix safety

    There is no automatic fix. Computing with tensors throughout is what was meant; the layers before the cut
    begin to learn, so results change.

    ## Quiet when

    - the code says that the gradient is to stop (a function or variable of such a name, a straight-through
      estimator, a target branch, a frozen part),
    - the cut value is a target, a statistic for a log, or a count that no gradient goes through,
    - the pass runs under `no_grad`.

    ## References

    - [torch.Tensor.detach](https://pytorch.org/docs/stable/generated/torch.Tensor.detach.html)
    - [torch.tensor](https://pytorch.org/docs/stable/generated/torch.tensor.html)
    """

    code, name, severity = "NN410", "graph-broken-in-forward", Severity.ERROR
    watches = GraphCut
    words = ("as_tensor", "data", "detach", "from_numpy", "item", "numpy", "tensor", "tolist")

    def check(self, event: GraphCut) -> Iterator[Finding]:
        if event.operation != "detach" or not event.in_forward or not event.starved or event.input.form is Form.LOSS:
            return
        named = " ".join((event.call, *(layer.called for layer in event.starved)))
        says_so = event.call.endswith(".detach()")
        if says_so and _ON_PURPOSE.search(named):
            return
        first = event.starved[0]
        yield self.finding(
            event,
            f"`{event.call}` cuts the graph inside of the forward pass: {first.named} gets no gradient",
            trail=tuple(Step(each.made, f"{each.named} never learns") for each in event.starved[:3]),
            advice="compute with tensors throughout, and detach copies only",
            confidence=Confidence.LIKELY if says_so else event.confidence,
        )
