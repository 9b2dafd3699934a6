"""NN207: gradients are computed in a training loop and nothing uses them."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import BackwardRan, Finding, Fix, Rule, Safety, Severity


class MissingOptimizerStep(Rule):
    """A training loop computes gradients and no optimizer ever takes a step with them.

    ## What it does

    Follows the gradients of each `backward` in a training loop and reports the one after which no optimizer steps and
    nothing else reads them.

    ## Why it fails silently

    The loss is computed, differentiated and logged as ever. It differs from batch to batch, so that its log looks
    alive, but the parameters are the ones of the start.

    ## Example

    ```python
    import torch

    def train(model, criterion, train_loader):
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(10):
            for inputs, target in train_loader:
                optimizer.zero_grad()
                loss = criterion(model(inputs), target)
                loss.backward()
    ```

    ## Instead

    ```python
    import torch

    def train(model, criterion, train_loader):
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(10):
            for inputs, target in train_loader:
                optimizer.zero_grad()
                loss = criterion(model(inputs), target)
                loss.backward()
                optimizer.step()
    ```

    ## Fix safety

    `step()` is put in behind `backward`, of the optimizer whose gradients the loop clears. It is unsafe: the gradients
    may be meant for something else, or for a step at the end of several passes.

    ## Quiet when

    - a helper, a closure or a framework steps, or the weights are updated by hand (`p -= lr * p.grad`),
    - the gradients are what is wanted: norms to look at, the Fisher information, a learning-rate finder,
    - gradients of the input are wanted: saliency maps, adversarial examples, an image that is optimized.

    ## References

    - [Optimizing model parameters](https://pytorch.org/tutorials/beginner/basics/optimization_tutorial.html)
    - [torch.optim.Optimizer.step](https://pytorch.org/docs/stable/generated/torch.optim.Optimizer.step.html)
    """

    code, name, severity = "NN207", "missing-optimizer-step", Severity.ERROR
    watches = BackwardRan
    words = ("backward",)
    fix = Safety.UNSAFE

    def check(self, event: BackwardRan) -> Iterator[Finding]:
        if not event.stepped:
            yield self.finding(
                event,
                f"nothing uses the gradients of `{event.call}`: `{event.optimizer}` never steps",
                advice=f"call `{event.optimizer}.step()` after `backward`",
                fix=_stepped(event),
            )


def _stepped(event: BackwardRan) -> Fix | None:
    if event.step is None:
        return None
    call = f"{event.step.name}.step()"
    return Fix(f"call `{call}` after `backward`", Safety.UNSAFE, (event.step.insert(call),))
