"""NN202: gradients are cleared after backward and before the step."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, Gradients, MoveBefore, OptimizerStepped, Rule, Safety, Severity, Step


class GradientsZeroedBeforeStep(Rule):
    """`zero_grad` stands between `backward` and `step`: nothing is learned.

    ## What it does

    Watches the gradients of each optimizer and reports the step that finds them filled by `backward` and then cleared.

    ## Why it fails silently

    A step on cleared gradients changes nothing (with momentum or weight decay: only what these ask for). The loss is
    computed and printed as ever, it just does not fall.

    ## Example

    ```python
    def train(model, optimizer, criterion, loader):
        for inputs, target in loader:
            loss = criterion(model(inputs), target)
            loss.backward()
            optimizer.zero_grad()
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

    `zero_grad()` is moved before `backward` where both stand in one pass of a loop, under the same conditions. It is
    safe: the step gets the gradients of this pass and of no other.

    ## Quiet when

    - `zero_grad` stands before `backward` or after `step`,
    - another `backward` fills the gradients again before the step (the two networks of a GAN).

    ## References

    - [torch.optim.Optimizer.zero_grad](https://pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html)
    """

    code, name, severity = "NN202", "gradients-zeroed-before-step", Severity.ERROR
    watches = OptimizerStepped
    words = ("zero_grad",)
    fix = Safety.SAFE

    def check(self, event: OptimizerStepped) -> Iterator[Finding]:
        if event.gradients is Gradients.CLEARED:
            trail = []
            if event.backward is not None:
                trail.append(Step(event.backward, "backward fills the gradients"))
            if event.cleared is not None:
                trail.append(Step(event.cleared, "they are cleared again"))
            yield self.finding(
                event,
                f"`{event.optimizer}` steps on gradients that were cleared after `backward`: nothing is learned",
                trail=(*trail, Step(event.place, f"`{event.optimizer}` steps on nothing")),
                advice="clear gradients before `backward` or after `step`, not in between",
                fix=_moved(event),
            )


def _moved(event: OptimizerStepped) -> Fix | None:
    if event.cleared is None or event.backward is None or not event.together:
        return None
    changes = (MoveBefore(event.cleared, event.backward),)
    return Fix("clear the gradients before `backward`", Safety.SAFE, changes)
