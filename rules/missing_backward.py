"""NN206: the optimizer steps and the loss was never differentiated."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Gradients, OptimizerStepped, Rule, Severity, Step


class MissingBackward(Rule):
    """A training loop computes a loss and steps the optimizer, and never calls `backward`.

    ## What it does

    Watches where the gradients of each optimizer come from, and reports the step of an optimizer whose parameters no
    `backward` ever reached.

    ## Why it fails silently

    An optimizer skips parameters whose `.grad` is `None` without a word. The loss is printed, it moves with the
    batches, and no parameter ever changes.

    ## Example

    ```python
    import torch

    def train(model, criterion, train_loader):
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(10):
            model.train()
            for inputs, target in train_loader:
                optimizer.zero_grad()
                loss = criterion(model(inputs), target)
                optimizer.step()
    ```

    ## Instead

    ```python
    import torch

    def train(model, criterion, train_loader):
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(10):
            model.train()
            for inputs, target in train_loader:
                optimizer.zero_grad()
                loss = criterion(model(inputs), target)
                loss.backward()
                optimizer.step()
    ```

    ## Fix safety

    There is no automatic fix yet. Inserting `loss.backward()` before the step is what was meant, and makes the
    network learn for the first time.

    ## Quiet when

    - a framework owns the step: Lightning's automatic optimization, Ignite's and the Transformers trainer,
      Accelerate,
    - `backward` runs in a helper or in the closure that `step` is given, or as `torch.autograd.backward`,
    - gradients are written by hand: from `torch.autograd.grad`, from an evolution strategy, from other workers.

    ## References

    - [Optimizing model parameters](https://pytorch.org/tutorials/beginner/basics/optimization_tutorial.html)
    - [torch.Tensor.backward](https://pytorch.org/docs/stable/generated/torch.Tensor.backward.html)
    """

    code, name, severity = "NN206", "missing-backward", Severity.ERROR
    watches = OptimizerStepped
    words = ("step",)

    def check(self, event: OptimizerStepped) -> Iterator[Finding]:
        if event.gradients is Gradients.ABSENT and event.forward is not None:
            yield self.finding(
                event,
                f"`{event.optimizer}` steps and there are no gradients: nothing calls `backward` on the loss",
                trail=(Step(event.forward, "the loss of this forward pass is not differentiated"),),
                advice="call `backward()` on the loss before the step",
            )
