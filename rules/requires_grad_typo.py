"""NN212: a parameter is to be frozen through an attribute that nobody reads."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import AttributeSet, Finding, Fix, Replace, Rule, Safety, Severity


class RequiresGradTypo(Rule):
    """`p.require_grad = False` sets an attribute that nobody reads: the parameter is trained as before.

    ## What it does

    Reports assignments to a misspelt `requires_grad` of a tensor, parameter or module, assignments to the method
    `requires_grad_`, and `module.requires_grad = ...`, which is an attribute of tensors only.

    ## Why it fails silently

    Python lets any attribute be set on a parameter and on a module. The backbone that was to be frozen gets gradients
    and is trained, often with the learning rate of the new head.

    ## Example

    ```python
    import torch

    def freeze(backbone: torch.nn.Module):
        for parameter in backbone.parameters():
            parameter.require_grad = False
    ```

    ## Instead

    ```python
    import torch

    def freeze(backbone: torch.nn.Module):
        for parameter in backbone.parameters():
            parameter.requires_grad = False
    ```

    ## Fix safety

    The attribute gets its right name; of a module, which has none, `requires_grad_()` is called. It is safe: that is
    what the line was written for. What is trained changes with it.

    ## Quiet when

    - the name is right, or the method is called (`requires_grad_(False)`),
    - an object of one's own has an attribute of such a name, and reads it.

    ## References

    - [torch.Tensor.requires_grad](https://pytorch.org/docs/stable/generated/torch.Tensor.requires_grad.html)
    - [Setting requires_grad](https://pytorch.org/docs/stable/notes/autograd.html#setting-requires-grad)
    """

    code, name, severity = "NN212", "requires-grad-typo", Severity.ERROR
    watches = AttributeSet
    words = ("require",)
    fix = Safety.SAFE

    def check(self, event: AttributeSet) -> Iterator[Finding]:
        if event.name == event.meant:
            message = f"`{event.target}` is a module, which has no attribute `{event.name}`: nothing is frozen"
            advice = f"call `{event.target}.requires_grad_(False)`"
        else:
            message = f"nothing reads `{event.target}.{event.name}`: the attribute is called `{event.meant}`"
            advice = f"write `{event.target}.{event.meant}`"
        severity = Severity.INFORMATION if event.needless else None  # a tensor without gradients has none to turn off
        yield self.finding(event, message, advice=advice, severity=severity, fix=_spelt(event))


def _spelt(event: AttributeSet) -> Fix | None:
    if event.owner is None or event.value is None:
        return None
    if not event.of_module:
        return Fix(f"write `{event.meant}`", Safety.SAFE, (Replace(event.place, (event.owner, f".{event.meant}")),))
    if event.statement is None:
        return None
    change = Replace(event.statement, (event.owner, f".{event.meant}_({event.value})"))
    return Fix(f"call `{event.meant}_({event.value})`", Safety.SAFE, (change,))
