"""NN502: layers are kept in a plain list or dict."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, ModulesKept, Named, Place, Replace, Rule, Safety, Severity, Step


class UnregisteredModules(Rule):
    """Layers are kept in a plain list, tuple or dict, where the module that owns them does not see them.

    ## What it does

    Reports an attribute of a module that is a list, tuple or dict of layers with parameters, when none of these
    layers is registered in another way as well.

    ## Why it fails silently

    A module looks for its children among its attributes, not inside containers. The layers run, so the loss is
    computed, but `parameters()`, `to()`, `train()`, `eval()` and `state_dict()` pass them by: they keep their random
    weights, and are not saved.

    ## Example

    ```python
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self, depth):
            super().__init__()
            self.hidden = [nn.Linear(64, 64) for _ in range(depth)]
            self.head = nn.Linear(64, 10)

        def forward(self, x):
            for layer in self.hidden:
                x = torch.relu(layer(x))
            return self.head(x)
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self, depth):
            super().__init__()
            self.hidden = nn.ModuleList([nn.Linear(64, 64) for _ in range(depth)])
            self.head = nn.Linear(64, 10)

        def forward(self, x):
            for layer in self.hidden:
                x = torch.relu(layer(x))
            return self.head(x)
    ```

    ## Fix safety

    What is assigned is wrapped in `nn.ModuleList` or `nn.ModuleDict`, where all that it holds are modules. It is safe:
    the layers are the same, and are now moved, trained and saved. Saved weights lack them, as they did before.

    ## Quiet when

    - the container is a `ModuleList` or a `ModuleDict`, or becomes one later,
    - its layers are handed to `Sequential(*layers)`, to `add_module` or `register_module`, or set by `setattr`,
    - it is a local variable, or an attribute of an object that is no module,
    - what it holds has no parameters: activations, pooling, loss functions.

    ## References

    - [torch.nn.ModuleList](https://pytorch.org/docs/stable/generated/torch.nn.ModuleList.html)
    - [torch.nn.ModuleDict](https://pytorch.org/docs/stable/generated/torch.nn.ModuleDict.html)
    """

    code, name, severity = "NN502", "unregistered-modules", Severity.ERROR
    watches = ModulesKept
    words = ("Module",)
    fix = Safety.SAFE

    def check(self, event: ModulesKept) -> Iterator[Finding]:
        if not event.registered:
            holder = "ModuleDict" if event.container == "dict" else "ModuleList"
            yield self.finding(
                event,
                f"`{event.module}` does not see the layers in `{event.attribute}`, a plain {event.container}",
                trail=(Step(event.layer.made, f"`{event.layer.called}`, the first of them, is made here"),),
                advice=f"wrap them in `nn.{holder}`",
                fix=_wrapped(event.value, holder),
            )


def _wrapped(value: Place | None, holder: str) -> Fix | None:
    if value is None:
        return None
    change = Replace(value, (Named(f"torch.nn.{holder}"), "(", value, ")"))
    return Fix(f"wrap in `nn.{holder}`", Safety.SAFE, (change,))
