"""NN503: a tensor attribute is neither a parameter nor a buffer."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, Named, Place, Replace, Rule, Safety, Severity, TensorKept


class UnregisteredTensor(Rule):
    """A module keeps a tensor in an attribute that is neither a `Parameter` nor a buffer.

    ## What it does

    Reports a tensor that the constructor of a module puts into an attribute and `forward` uses, among them a
    `Parameter(...)` whose type or device is changed at once: what `.to(...)` returns is a plain tensor.

    ## Why it fails silently

    The module does not know of the tensor. It stays behind when the model is moved, it is missing from checkpoints,
    and one that was meant to learn is in no optimizer and keeps its first value.

    ## Example

    ```python
    import torch
    from torch import nn

    class Scaled(nn.Module):
        def __init__(self, dim):
            super().__init__()
            self.scale = torch.ones(dim, requires_grad=True)
            self.fc = nn.Linear(dim, 10)

        def forward(self, x):
            return self.fc(x * self.scale)
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    class Scaled(nn.Module):
        def __init__(self, dim):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(dim))
            self.fc = nn.Linear(dim, 10)

        def forward(self, x):
            return self.fc(x * self.scale)
    ```

    ## Fix safety

    The tensor becomes a buffer, or an `nn.Parameter` where it asks for gradients. It is unsafe: the state dict gets an
    entry that saved ones lack. There is none for what became of a `Parameter`.

    ## Quiet when

    - the attribute holds plain values: numbers, tuples, lists of sizes, arrays of NumPy,
    - each `forward` writes it anew: a cache, the attention weights of the last call, the state of a stream,
    - the name is a buffer already, and its tensor is replaced,
    - the object is no module: a dataset, a trainer, a sampler.

    ## References

    - [torch.nn.Module.register_buffer](https://pytorch.org/docs/stable/generated/torch.nn.Module.html)
    - [torch.nn.parameter.Parameter](https://pytorch.org/docs/stable/generated/torch.nn.parameter.Parameter.html)
    """

    code, name, severity = "NN503", "unregistered-tensor", Severity.ERROR
    watches = TensorKept
    words = ("Module",)
    fix = Safety.UNSAFE

    def check(self, event: TensorKept) -> Iterator[Finding]:
        name, module = event.attribute, event.module
        if event.was_parameter:
            yield self.finding(
                event,
                f"`{name}` of `{module}` is no parameter: the cast behind `Parameter(...)` makes a plain tensor of it",
                advice="cast the tensor before it becomes a `Parameter`",
            )
        elif event.learns:
            yield self.finding(
                event,
                f"`{name}` of `{module}` asks for gradients and is no parameter: no optimizer finds it",
                advice="make it an `nn.Parameter`",
                fix=_parameter(event.value),
            )
        elif event.computes:
            yield self.finding(
                event,
                f"`{name}` of `{module}` is a plain tensor: it is not moved and not saved with the module",
                advice=f'call `self.register_buffer("{name}", ...)`',
                severity=Severity.WARNING,
                fix=_buffer(event),
            )


def _parameter(value: Place | None) -> Fix | None:
    if value is None:
        return None
    change = Replace(value, (Named("torch.nn.Parameter"), "(", value, ")"))
    return Fix("make it an `nn.Parameter`", Safety.UNSAFE, (change,))


def _buffer(event: TensorKept) -> Fix | None:
    if event.value is None or event.statement is None:
        return None
    change = Replace(event.statement, (f'self.register_buffer("{event.attribute}", ', event.value, ")"))
    return Fix("register it as a buffer", Safety.UNSAFE, (change,))
