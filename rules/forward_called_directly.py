"""NN511: `forward` is called by name."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, ForwardCalled, Replace, Rule, Safety, Severity, Step


class ForwardCalledDirectly(Rule):
    """`model.forward(x)` is called where `model(x)` was meant: hooks are skipped.

    ## What it does

    Reports a call of the `forward` method of a module, unless the module itself makes it.

    ## Why it fails silently

    The result is the same as long as nothing is hooked in. Forward hooks, spectral and weight norm as hooks,
    profilers, feature extractors and the wrappers for distributed training all hang on `__call__`, and are passed by.

    ## Example

    ```python
    import torch
    from torch import nn

    def train(model: nn.Module, optimizer, criterion, train_loader):
        model.train()
        for inputs, target in train_loader:
            optimizer.zero_grad()
            criterion(model.forward(inputs), target).backward()
            optimizer.step()
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    def train(model: nn.Module, optimizer, criterion, train_loader):
        model.train()
        for inputs, target in train_loader:
            optimizer.zero_grad()
            criterion(model(inputs), target).backward()
            optimizer.step()
    ```

    ## Fix safety

    `.forward` is left out. It is safe: the call comes to the same `forward`, by way of the hooks.

    ## Quiet when

    - a parent's `forward` is called: `super().forward(x)`, `Parent.forward(self, x)`,
    - a method of the module itself calls it: `self.forward(x)`,
    - the class of the module says what `module(x)` does, in a `__call__` of its own,
    - the object is no module: an `autograd.Function`, a scaler, a pipeline with a method of this name.

    ## References

    - [torch.nn.Module.forward](https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.forward)
    """

    code, name, severity = "NN511", "forward-called-directly", Severity.WARNING
    enabled = False
    watches = ForwardCalled
    words = (".forward",)
    fix = Safety.SAFE

    def check(self, event: ForwardCalled) -> Iterator[Finding]:
        network = f" of `{event.network}`" if event.network and len(event.network) <= 40 else ""
        message = f"`{event.called}.forward(…)` is called by name: hooks{network} do not run"
        trail = (Step(event.hooked, "a hook is registered here"),) if event.hooked is not None else ()
        yield self.finding(event, message, trail=trail, advice=f"call `{event.called}(…)`", fix=_called(event))


def _called(event: ForwardCalled) -> Fix | None:
    if event.callee is None or event.owner is None:
        return None
    return Fix("call the network itself", Safety.SAFE, (Replace(event.callee, (event.owner,)),))
