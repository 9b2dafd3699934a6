"""NN208: gradients are clipped where no step uses what was clipped."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, Gradients, GradientsClipped, MoveAfter, Rule, Safety, Severity, Step


class ClippingOutsideBackwardAndStep(Rule):
    """Gradients are clipped before `backward` has made them, or after `step` has used them.

    ## What it does

    Watches the gradients of each parameter through a training step and reports the clipping that runs while there is
    nothing to clip (before `backward`), or when the step has already been taken.

    ## Why it fails silently

    `clip_grad_norm_` works in place on whatever stands in `.grad`, also on nothing. Every step is taken on unclipped
    gradients, which shows only on the day they explode, and the norm that is logged belongs to another step.

    ## Example

    ```python
    import torch

    def train(model, optimizer, criterion, train_loader):
        for inputs, target in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), target)
            loss.backward()
            optimizer.step()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    ```

    ## Instead

    ```python
    import torch

    def train(model, optimizer, criterion, train_loader):
        for inputs, target in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), target)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
    ```

    ## Fix safety

    The clipping is moved behind `backward` where both stand in one pass of a loop, under the same conditions. It is
    safe: the step takes gradients that are clipped, as it was meant to.

    ## Quiet when

    - clipping stands between `backward` and `step`, also in a helper, a closure, or only in the iterations that step,
    - weights, not gradients, are clamped after the step (a Wasserstein critic),
    - gradients are clipped by hooks while `backward` runs.

    ## References

    - [torch.nn.utils.clip_grad_norm_](https://pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html)
    - [Pascanu et al., On the difficulty of training recurrent neural networks](https://arxiv.org/abs/1211.5063)
    """

    code, name, severity = "NN208", "clipping-outside-backward-and-step", Severity.WARNING
    watches = GradientsClipped
    words = ("clip_grad", "clamp")
    fix = Safety.SAFE

    def check(self, event: GradientsClipped) -> Iterator[Finding]:
        if event.gradients is Gradients.USED:
            yield self.finding(
                event,
                f"`{event.call}` clips gradients that the step has used already",
                trail=(Step(event.other, "the step takes them unclipped"),) if event.other is not None else (),
                advice="clip between `backward` and `step`",
                fix=_moved(event),
            )
        elif event.gradients is Gradients.CLEARED:
            yield self.finding(
                event,
                f"`{event.call}` finds no gradients: it runs before `backward`",
                trail=(Step(event.other, "they are cleared here"),) if event.other is not None else (),
                advice="clip between `backward` and `step`",
                fix=_moved(event),
            )


def _moved(event: GradientsClipped) -> Fix | None:
    if event.filled is None:
        return None
    return Fix("clip after `backward`", Safety.SAFE, (MoveAfter(event.place, event.filled),))
