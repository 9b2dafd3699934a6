"""NN107: a loss is constructed with the tensors that it should be called with."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, LossConstructed, Replace, Rule, Safety, Severity


class LossConstructedWithTensors(Rule):
    """A loss module is constructed with predictions and targets, which its call should get.

    ## What it does

    Finds constructors of losses (`nn.CrossEntropyLoss(output, target)`, `nn.BCELoss(output)`) whose positional
    arguments are the output of a network or the targets.

    ## Why it fails silently

    The parameters of the constructor are options: the first is a weight for most losses, the second the old
    `size_average`. With two tensors most raise, by a message about the truth value of a tensor that does not name the
    mistake. With one tensor the object is built: the predictions become the weights of the loss.

    ## Example

    ```python
    import torch
    from torch import nn

    model, inputs, target = nn.Linear(16, 4), torch.randn(32, 16), torch.randint(4, (32,))
    loss = nn.CrossEntropyLoss(model(inputs), target)
    loss.backward()
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    model, inputs, target = nn.Linear(16, 4), torch.randn(32, 16), torch.randint(4, (32,))
    loss = nn.CrossEntropyLoss()(model(inputs), target)
    loss.backward()
    ```

    ## Fix safety

    Safe: the loss is constructed without the tensors and called with them; the program did not work before. There is
    no fix where options stand among the arguments.

    ## Quiet when

    - the tensor is a weight: of the classes, of the positive class, of the samples, by position or by name,
    - the constructed loss is called at once, `nn.CrossEntropyLoss()(output, target)`.

    ## References

    - [torch.nn.CrossEntropyLoss](https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html)
    - [torch.nn.BCELoss](https://pytorch.org/docs/stable/generated/torch.nn.BCELoss.html)
    """

    code, name, severity = "NN107", "loss-constructed-with-tensors", Severity.ERROR
    watches = LossConstructed
    words = ("Loss",)
    fix = Safety.SAFE

    def check(self, event: LossConstructed) -> Iterator[Finding]:
        yield self.finding(
            event,
            f"`{event.kind}` is constructed with `{event.outputs}`, which it should be called with",
            advice=f"construct the loss once, `criterion = nn.{event.kind}()`, and call it with the tensors",
            fix=_fix(event),
        )


def _fix(event: LossConstructed) -> Fix | None:
    """Given `nn.MSELoss(output, target)`, the loss is constructed first; in `nn.BCELoss(output)(…)` it is called."""
    callee = event.callee
    if callee is None:
        return None
    if event.count == 2 and not event.called:
        return Fix("construct the loss, then call it", Safety.SAFE, (Replace(callee, (callee, "()")),))
    if event.count == 1 and event.called:
        return Fix(
            f"construct the loss without `{event.outputs}`", Safety.SAFE, (Replace(event.place, (callee, "()")),)
        )
    return None
