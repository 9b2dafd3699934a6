"""NN201: gradients of one step are still there in the next."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, Gradients, OptimizerStepped, Rule, Safety, Severity, Step


class MissingZeroGrad(Rule):
    """A loop steps an optimizer and nothing clears the gradients in between.

    ## What it does

    Watches each optimizer over the passes of a loop, and reports the `backward` that adds to gradients which an earlier
    step of the same optimizer already consumed.

    ## Why it fails silently

    `backward` adds to `.grad`. Uncleared, each step follows the sum of all gradients so far: the loss falls at first,
    then training behaves as with a growing learning rate and too much momentum.

    ## Example

    ```python
    def train(model, optimizer, criterion, loader):
        for inputs, target in loader:
            loss = criterion(model(inputs), target)
            loss.backward()
            optimizer.step()
    ```

    ## Instead

    ```python
    def train(model, optimizer, criterion, loader):
        for inputs, target in loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), target)
            loss.backward()
            optimizer.step()
    ```

    ## Fix safety

    `zero_grad()` is put in before `backward`, or behind the step where that waits for several of them or the optimizer
    has another name. It is safe: what an earlier step has used is no part of this one.

    ## Quiet when

    - gradients are cleared anywhere in the loop: by the optimizer, the model, `p.grad = None`, a helper, a closure or a
      framework,
    - gradients are accumulated over several batches and cleared when the optimizer steps,
    - clearing and stepping both hang on conditions that are not known.

    ## References

    - [torch.optim.Optimizer.zero_grad](https://pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html)
    """

    code, name, severity = "NN201", "missing-zero-grad", Severity.ERROR
    watches = OptimizerStepped
    words = ("backward",)
    recipe = True
    fix = Safety.SAFE

    def check(self, event: OptimizerStepped) -> Iterator[Finding]:
        if event.gradients is Gradients.REUSED and event.backward is not None:
            yield self.finding(
                event,
                f"gradients pile up: nothing clears those of earlier steps before `{event.optimizer}` steps again",
                place=event.backward,
                trail=(
                    Step(event.consumed or event.place, "an earlier step already used the gradients"),
                    Step(event.backward, "backward adds to them"),
                    Step(event.place, f"`{event.optimizer}` steps on the sum"),
                ),
                advice=f"call `{event.optimizer}.zero_grad()` before `backward`",
                fix=_cleared(event),
            )


def _cleared(event: OptimizerStepped) -> Fix | None:
    if event.clear is None:
        return None
    call = f"{event.clear.name}.zero_grad()"
    return Fix(f"call `{call}`", Safety.SAFE, (event.clear.insert(call),))
