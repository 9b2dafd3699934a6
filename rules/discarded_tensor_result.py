"""NN405: the result of a tensor operation is thrown away."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, Replace, ResultDiscarded, Rule, Safety, Severity


class DiscardedTensorResult(Rule):
    """A tensor operation that returns a new tensor stands alone, and its result is thrown away.

    ## What it does

    Reports statements that consist of a pure operation on a tensor: `x.to(device)`, `x.view(...)`, `x.detach()`,
    `x.clamp(0, 1)`, `x.float()`, `torch.relu(x)`.

    ## Why it fails silently

    Tensor operations return a new tensor and leave theirs as it is, unlike `Module.to()` and operations whose name
    ends in `_`. Without the clamp, the detach or the normalization the script runs as well, on other values; without
    the move to a device it runs as long as there is only one.

    ## Example

    ```python
    import torch

    def attack(model, criterion, images, labels, eps=0.03):
        images = images.clone().requires_grad_(True)
        (gradient,) = torch.autograd.grad(criterion(model(images), labels), images)
        adversarial = images.detach() + eps * gradient.sign()
        adversarial.clamp(0, 1)
        return adversarial
    ```

    ## Instead

    ```python
    import torch

    def attack(model, criterion, images, labels, eps=0.03):
        images = images.clone().requires_grad_(True)
        (gradient,) = torch.autograd.grad(criterion(model(images), labels), images)
        adversarial = images.detach() + eps * gradient.sign()
        adversarial = adversarial.clamp(0, 1)
        return adversarial
    ```

    ## Fix safety

    Safe: the result is assigned to the variable, `x = x.clamp(0, 1)`, which is plainly what was meant; it changes the
    values that follow. Unsafe where it has another shape, as what follows may have been written for the old one. There
    is no fix where nothing reads the variable afterwards.

    ## Quiet when

    - the object is no tensor: `to()` of a module, methods of the user's own classes, which may change them,
    - the operation works in place: a name that ends in `_`, an `out=` argument, `backward()`, `retain_grad()`,
    - the call is made for its waiting or its error (`loss.item()`, a shape check in a `try`).

    ## References

    - [torch.Tensor.to](https://pytorch.org/docs/stable/generated/torch.Tensor.to.html)
    - [In-place operations](https://pytorch.org/docs/stable/tensors.html)
    """

    code, name, severity = "NN405", "discarded-tensor-result", Severity.ERROR
    watches = ResultDiscarded
    words = ("torch",)
    fix = Safety.SAFE

    def check(self, event: ResultDiscarded) -> Iterator[Finding]:
        yield self.finding(
            event,
            f"`{event.call}` returns a new tensor, which is thrown away: the tensor itself stays as it is",
            advice="assign the result" if event.moves else f"assign the result, or use `{event.operation}_`",
            fix=_fix(event),
        )


_SHAPES = frozenset({"view", "reshape", "transpose", "permute", "squeeze", "unsqueeze", "flatten", "expand", "t"})


def _fix(event: ResultDiscarded) -> Fix | None:
    if event.target is None:
        return None
    safety = Safety.UNSAFE if event.operation in _SHAPES else Safety.SAFE
    return Fix("assign the result", safety, (Replace(event.place, (event.target, " = ", event.place)),))
