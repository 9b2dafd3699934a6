"""NN205: the optimizer steps before the loss is differentiated."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, Gradients, MoveAfter, OptimizerStepped, Place, Rule, Safety, Severity, Step


class StepBeforeBackward(Rule):
    """The optimizer steps before the loss of the same iteration is differentiated.

    ## What it does

    Watches the order of `backward` and `step` and reports the step that comes first in its loop.

    ## Why it fails silently

    The first step finds no gradients and does nothing. Where `zero_grad` stands before, so do all the others; else they
    use the gradients of the batch before. Autograd objects only where `backward` needs a weight that the step changed:
    not if nothing was changed, and not in a network of one layer.

    ## Example

    ```python
    import torch

    def train(model, criterion, train_loader):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for inputs, target in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), target)
            optimizer.step()
            loss.backward()
    ```

    ## Instead

    ```python
    import torch

    def train(model, criterion, train_loader):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for inputs, target in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), target)
            loss.backward()
            optimizer.step()
    ```

    ## Fix safety

    The step is moved behind `backward` where both stand in one pass of a loop, under the same conditions. It is safe:
    the step gets the gradients of the loss that is computed before it.

    ## Quiet when

    - the loop steps on purpose for the iteration before, and leaves the first out,
    - the step belongs to another network than the `backward` that follows (the two losses of a GAN),
    - the step is given a closure that differentiates.

    ## References

    - [torch.optim, taking an optimization
      step](https://pytorch.org/docs/stable/optim.html#taking-an-optimization-step)
    """

    code, name, severity = "NN205", "step-before-backward", Severity.ERROR
    watches = OptimizerStepped
    words = ("backward",)
    fix = Safety.SAFE

    def check(self, event: OptimizerStepped) -> Iterator[Finding]:
        if event.gradients is Gradients.EARLY and event.backward is not None:
            yield self.finding(
                event,
                f"`{event.optimizer}` steps before the loss is differentiated",
                trail=(Step(event.backward, "`backward` runs only here"),),
                advice="step after `backward`",
                fix=_moved(event.place, event.backward) if event.together else None,
            )


def _moved(step: Place, backward: Place) -> Fix:
    return Fix("step after `backward`", Safety.SAFE, (MoveAfter(step, backward),))
