"""NN412: a tensor of the graph is overwritten."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Rule, Severity, Step, WrittenInPlace


class InPlaceOnGraph(Rule):
    """A tensor that autograd still needs is written in place.

    ## What it does

    Reports a write (`+=`, `x[...] = ...`, `clamp_`, `inplace=True`) to a parameter where gradients are recorded, and
    to an activation that the backward pass reads again: the output of `relu`, `tanh`, `sigmoid`, `softmax`, `exp`, the
    input of a product, a norm, a convolution or a linear layer, also through a view.

    ## Why it fails silently

    Mostly it does not: `backward` raises, far from the line at fault. A path that is rarely taken, a mask or a branch
    of an option, hides it until then.

    ## Example

    ```python
    import torch

    def train(model, optimizer, train_loader):
        model.train()
        for inputs, keep, target in train_loader:
            optimizer.zero_grad()
            gate = torch.sigmoid(model(inputs))
            gate *= keep
            loss = torch.nn.functional.mse_loss(gate, target)
            loss.backward()
            optimizer.step()
    ```

    ## Instead

    ```python
    import torch

    def train(model, optimizer, train_loader):
        model.train()
        for inputs, keep, target in train_loader:
            optimizer.zero_grad()
            gate = torch.sigmoid(model(inputs))
            gate = gate * keep
            loss = torch.nn.functional.mse_loss(gate, target)
            loss.backward()
            optimizer.step()
    ```

    ## Fix safety

    There is no automatic fix. `x = x * y` for `x *= y` is safe unless another name of the tensor was to change
    too; a write to parameters belongs under `torch.no_grad()`.

    ## Quiet when

    - it happens under `torch.no_grad()`, on `.data` or on a detached copy,
    - nothing that `backward` is called on was made of the operation that needs it, or `backward` is over,
    - a part of the network is frozen, or a framework runs the training: what gets gradients is not certain then,
    - backward does not read the tensor again: the output of a linear layer, a convolution or a sum,
    - the buffer that is filled step by step is not read before it is complete.

    ## References

    - [Autograd mechanics: in-place operations](https://pytorch.org/docs/stable/notes/autograd.html)
    """

    code, name, severity = "NN412", "in-place-on-graph", Severity.ERROR
    watches = WrittenInPlace
    words = ("Parameter", "backward", "parameters", "requires_grad")

    def check(self, event: WrittenInPlace) -> Iterator[Finding]:
        target = f"`{event.target}`" if len(event.target) <= 40 else "a tensor"
        if event.leaf:
            yield self.finding(
                event,
                f"{target} is written in place while gradients are recorded, and is to get a gradient itself",
                advice="write into parameters under `torch.no_grad()`",
            )
            return
        trail = (Step(event.kept, f"`{event.kept_by}` needs {target} for its gradient"),) if event.kept else ()
        yield self.finding(
            event,
            f"{target} is written in place before `backward`, which reads what it was",
            trail=trail,
            advice="make a new tensor (`x = x * y` for `x *= y`)",
        )
