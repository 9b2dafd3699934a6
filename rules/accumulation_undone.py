"""NN203: gradients are to be accumulated, and each micro-batch clears them or steps."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, GradientsCleared, MoveAfter, MoveBefore, Rule, Safety, Severity, Step


class AccumulationUndone(Rule):
    """A loop that accumulates gradients clears them, or steps, at every micro-batch all the same.

    ## What it does

    Finds the loop in which one of `step` and `zero_grad` waits for k micro-batches and the other does not, and
    reports the one that does not wait.

    ## Why it fails silently

    If every micro-batch clears, the step sees the last of the k only: the others are computed for nothing, and the
    loss that was divided by k makes the step k times too small. If every micro-batch steps, the same gradient is
    applied again and again. The loss falls in both, as with a batch size that nobody chose.

    ## Example

    ```python
    import torch

    def train(model, optimizer, criterion, train_loader, accumulation=4):
        for i, (inputs, target) in enumerate(train_loader):
            optimizer.zero_grad()
            loss = criterion(model(inputs), target) / accumulation
            loss.backward()
            if (i + 1) % accumulation == 0:
                optimizer.step()
    ```

    ## Instead

    ```python
    import torch

    def train(model, optimizer, criterion, train_loader, accumulation=4):
        optimizer.zero_grad()
        for i, (inputs, target) in enumerate(train_loader):
            loss = criterion(model(inputs), target) / accumulation
            loss.backward()
            if (i + 1) % accumulation == 0:
                optimizer.step()
                optimizer.zero_grad()
    ```

    ## Fix safety

    What each batch does is moved to where it is done for several: `zero_grad()` behind the step, or the step before
    `zero_grad()`. It is unsafe: training takes fewer steps, or larger ones, than it did.

    ## Quiet when

    - one condition guards both, whatever its form (`(i + 1) % k == 0`, the last batch too, a counter),
    - the step is guarded for another reason: a loss that is not finite, a network that is updated less often,
    - a framework decides (Accelerate's `accumulate`).

    ## References

    - [Gradient accumulation](https://pytorch.org/docs/stable/notes/amp_examples.html#gradient-accumulation)
    - [torch.optim.Optimizer.zero_grad](https://pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html)
    """

    code, name, severity = "NN203", "accumulation-undone", Severity.ERROR
    watches = GradientsCleared
    words = ("backward",)
    fix = Safety.UNSAFE

    def check(self, event: GradientsCleared) -> Iterator[Finding]:
        if event.waiting is not None:
            trail = [Step(event.backward, "backward fills them")] if event.backward is not None else []
            yield self.finding(
                event,
                f"accumulation is undone: `{event.optimizer}` waits for several batches, and each clears its gradients",
                trail=(*trail, Step(event.waiting, "the step waits, and finds those of one batch")),
                advice="clear under the condition under which the optimizer steps",
                fix=_moved(MoveAfter(event.place, event.waiting), "clear behind the step"),
            )
        elif event.stepped is not None:
            trail = [Step(event.backward, "backward adds to the gradients")] if event.backward is not None else []
            yield self.finding(
                event,
                f"accumulation is undone: `{event.optimizer}` steps in each batch on gradients that wait to be cleared",
                place=event.stepped,
                trail=(*trail, Step(event.place, "they are cleared only now and then")),
                advice="step under the condition under which gradients are cleared",
                fix=_moved(MoveBefore(event.stepped, event.place), "step before the gradients are cleared"),
            )


def _moved(change: MoveAfter | MoveBefore, title: str) -> Fix:
    return Fix(title, Safety.UNSAFE, (change,))
