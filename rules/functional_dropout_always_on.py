"""NN306: dropout stays on in evaluation."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import DropoutRan, Finding, Fix, Rule, Safety, SetArgument, Severity, Step


class FunctionalDropoutAlwaysOn(Rule):
    """`F.dropout` in a module is not told whether the network is in training, so it always drops.

    ## What it does

    Reports calls of `F.dropout` and of `F.dropout1d`, `F.dropout2d`, `F.dropout3d` that a `forward` reaches, without
    `training=`, and a dropout layer that is built at each call, which is in training mode like every new layer.

    ## Why it fails silently

    `training` is `True` by default, and `model.eval()` does not reach a function or a layer that the network does not
    hold. Scores on validation data are worse by some noise, two runs over the same data differ, and the deployed
    network answers the same question differently each time.

    ## Example

    ```python
    import torch
    from torch import nn
    import torch.nn.functional as F

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(20, 64)
            self.fc2 = nn.Linear(64, 5)

        def forward(self, x):
            x = F.dropout(F.relu(self.fc1(x)), p=0.5)
            return self.fc2(x)

    print(Net()(torch.randn(8, 20)).shape)
    ```

    ## Instead

    ```python
    import torch
    from torch import nn
    import torch.nn.functional as F

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(20, 64)
            self.fc2 = nn.Linear(64, 5)

        def forward(self, x):
            x = F.dropout(F.relu(self.fc1(x)), p=0.5, training=self.training)
            return self.fc2(x)

    print(Net()(torch.randn(8, 20)).shape)
    ```

    ## Fix safety

    `training=self.training` is passed. It is safe: nothing changes in training mode. There is none for a layer that is
    built at each call, nor outside of the network's own methods.

    ## Quiet when

    - `training=` is given, by name or by position,
    - the call stands under `if self.training:`,
    - `p` is 0, or the function is `alpha_dropout` or `feature_alpha_dropout`, which are off by default,
    - no module is involved: noise that a training loop puts on its inputs.

    ## References

    - [F.dropout](https://pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html)
    - [F.alpha_dropout](https://pytorch.org/docs/stable/generated/torch.nn.functional.alpha_dropout.html)
    """

    code, name, severity = "NN306", "functional-dropout-always-on", Severity.ERROR
    watches = DropoutRan
    words = ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "dropout", "dropout1d", "dropout2d", "dropout3d")
    fix = Safety.SAFE

    def check(self, event: DropoutRan) -> Iterator[Finding]:
        if event.attention:
            return
        why = "a layer built at each call is in training mode" if event.built else "`training` is True by default"
        yield self.finding(
            event,
            f"`{event.call}` drops in evaluation mode too: {why}",
            trail=(Step(event.place, f"`{event.module}` comes here in evaluation mode as in training mode"),),
            advice="build the dropout layer in `__init__`" if event.built else "pass `training=self.training`",
            fix=None if event.built else _asking(event),
        )


def _asking(event: DropoutRan) -> Fix | None:
    if not event.receiver:
        return None
    mode = f"{event.receiver}.training"
    return Fix(f"pass `training={mode}`", Safety.SAFE, (SetArgument(event.place, "training", (mode,), 2),))
