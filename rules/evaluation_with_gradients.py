"""NN304: an evaluation builds graphs that nobody differentiates."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Decorate, Finding, Fix, ModuleCalled, Named, Role, Rule, Safety, Severity, Step, Wrap


class EvaluationWithGradients(Rule):
    """An evaluation runs with gradients recorded: no `no_grad`, no `inference_mode`.

    ## What it does

    Works out which forward passes evaluate and reports those that run with gradients recorded.

    ## Why it fails silently

    Every activation is kept for a backward pass that never comes. Evaluation takes a multiple of the memory and more
    time, and a list of outputs keeps every graph alive; out of memory comes at the largest batch, far from the cause.

    ## Example

    ```python
    def validate(model, loader):
        model.eval()
        correct = 0
        for inputs, target in loader:
            correct += (model(inputs).argmax(1) == target).sum().item()
        return correct
    ```

    ## Instead

    ```python
    import torch

    @torch.no_grad()
    def validate(model, loader):
        model.eval()
        correct = 0
        for inputs, target in loader:
            correct += (model(inputs).argmax(1) == target).sum().item()
        return correct
    ```

    ## Fix safety

    The function that evaluates is decorated with `@torch.no_grad()` where it does nothing else, else the loop or the
    statement is put under `with torch.no_grad():`. It is safe: nothing differentiates what the evaluation computes.
    Where the network's own code is not known the fix is unsafe: it may use gradients in its forward pass, as those do
    that learn from a few examples.

    ## Quiet when

    - a decorator, a context manager or a caller turns gradients off,
    - the outputs are differentiated (saliency, adversarial evaluation),
    - what the function returns may be differentiated by callers that are not known.

    ## References

    - [torch.no_grad](https://pytorch.org/docs/stable/generated/torch.no_grad.html)
    """

    code, name, severity = "NN304", "evaluation-with-gradients", Severity.WARNING
    watches = ModuleCalled
    words = ("torch",)
    fix = Safety.SAFE

    def check(self, event: ModuleCalled) -> Iterator[Finding]:
        if event.role is Role.EVALUATION and event.gradients_enabled is True:
            yield self.finding(
                event,
                f"`{event.module}` is evaluated with gradients recorded",
                trail=(Step(event.place, f"it evaluates here: {event.role_evidence}"),),
                advice="run the evaluation under `torch.no_grad()` or `torch.inference_mode()`",
                fix=_without_gradients(event),
            )


def _without_gradients(event: ModuleCalled) -> Fix | None:
    context = (Named("torch.no_grad"), "()")
    safety = Safety.SAFE if event.is_known else Safety.UNSAFE
    if event.evaluates is not None:
        return Fix("decorate with `@torch.no_grad()`", safety, (Decorate(event.evaluates, context),))
    if event.stretch is not None:
        changes = (Wrap(event.stretch, event.stretch, context),)
        return Fix("put under `with torch.no_grad():`", safety, changes)
    return None
