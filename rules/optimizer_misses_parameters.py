"""NN210: parameters that are trained are in no optimizer."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, OptimizerBuilt, Rule, Severity


class OptimizerMissesParameters(Rule):
    """The optimizer holds another network's parameters, a part of them, or none.

    ## What it does

    Compares the parameters that get gradients with those that the optimizers hold, and reports the optimizer that was
    meant to have them: it was given another network, some of the networks, a selection that leaves some out, a
    generator that was already used up, or the method `model.parameters` instead of what it returns.

    ## Why it fails silently

    An optimizer knows only what it was given; a parameter it does not hold keeps its first value. An empty list of
    parameters raises, but a used-up generator inside a parameter group does not.

    ## Example

    ```python
    import torch

    def train(loader):
        encoder = torch.nn.Sequential(torch.nn.Linear(64, 16), torch.nn.ReLU())
        decoder = torch.nn.Linear(16, 64)
        optimizer = torch.optim.Adam(decoder.parameters(), lr=1e-3)
        for (inputs,) in loader:
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(decoder(encoder(inputs)), inputs)
            loss.backward()
            optimizer.step()
    ```

    ## Instead

    ```python
    import torch

    def train(loader):
        encoder = torch.nn.Sequential(torch.nn.Linear(64, 16), torch.nn.ReLU())
        decoder = torch.nn.Linear(16, 64)
        optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3)
        for (inputs,) in loader:
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(decoder(encoder(inputs)), inputs)
            loss.backward()
            optimizer.step()
    ```

    ## Fix safety

    There is no automatic fix yet. Giving the optimizer the missing parameters trains what stood still before; where
    it was to stand still, `requires_grad_(False)` says so and saves its gradients.

    ## Quiet when

    - what is missing is frozen (`requires_grad=False`) or runs under `no_grad`,
    - another optimizer holds it,
    - gradients pass through a network on the way to what is optimized (a generator's step, an optimized image).

    ## References

    - [torch.optim, constructing it](https://pytorch.org/docs/stable/optim.html#constructing-it)
    - [torch.nn.Module](https://pytorch.org/docs/stable/generated/torch.nn.Module.html)
    """

    code, name, severity = "NN210", "optimizer-misses-parameters", Severity.ERROR
    watches = OptimizerBuilt
    words = ("optim",)

    def check(self, event: OptimizerBuilt) -> Iterator[Finding]:
        if event.empty:
            yield self.finding(
                event,
                f"`{event.optimizer}` has nothing to update: it is given {event.empty}",
                advice="give it `list(model.parameters())`",
            )
        elif event.misses and event.attached is None:
            yield self.finding(
                event,
                f"`{event.misses}` is trained, and no optimizer (`{event.optimizer}`) has its parameters",
                advice=f"give `{event.optimizer}` its parameters too, or freeze it with `requires_grad_(False)`",
            )
