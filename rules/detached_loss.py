"""NN108: the loss that is differentiated was cut from the graph."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, Form, GraphCut, Named, Remove, Replace, Rule, Safety, Severity, Step, Unwrap


class DetachedLoss(Rule):
    """The loss on which `backward` is called was cut from the graph: no parameter gets a gradient.

    ## What it does

    Follows the tensor on which `backward` is called back to where it was made, and reports what cuts it off the
    network: `.item()`, `.data`, `.detach()`, `torch.tensor(loss)`, and what `requires_grad_()` then makes to look
    differentiable again.

    ## Why it fails silently

    `backward` on a tensor without a graph raises, and the message ("does not require grad") suggests to set
    `requires_grad`. That silences it: the loss becomes a leaf, `backward` stops there, every `.grad` stays `None`,
    `step` passes over them, and the weights are those of the initialization for ever.

    ## Example

    ```python
    import torch

    def train(model, optimizer, criterion, train_loader):
        for inputs, target in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), target)
            loss = torch.tensor(loss, requires_grad=True)
            loss.backward()
            optimizer.step()
    ```

    ## Instead

    ```python
    import torch

    def train(model, optimizer, criterion, train_loader):
        for inputs, target in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), target)
            loss.backward()
            optimizer.step()
    ```

    ## Fix safety

    Unsafe: what cuts the loss off is taken out, so that the loss itself is differentiated. The network learns then,
    and whoever logs what is passed on keeps the graph of each step. If the loss does not require a gradient without
    the call, the graph is cut earlier (NN116, NN410), and that is the place to mend.

    ## Quiet when

    - a detached copy is logged, collected or compared, and the loss itself is differentiated,
    - the cut is a factor or a target of a loss that has its graph from elsewhere (`log_prob * advantage.detach()`),
    - a constant that requires a gradient starts a sum of losses (`torch.tensor(0.0, requires_grad=True)`),
    - the gradient of an input is wanted (`image.detach().requires_grad_()`).

    ## References

    - [torch.Tensor.detach](https://pytorch.org/docs/stable/generated/torch.Tensor.detach.html)
    - [torch.tensor](https://pytorch.org/docs/stable/generated/torch.tensor.html)
    - [Autograd mechanics](https://pytorch.org/docs/stable/notes/autograd.html)
    """

    code, name, severity = "NN108", "detached-loss", Severity.ERROR
    watches = GraphCut
    words = ("backward",)
    fix = Safety.UNSAFE

    def check(self, event: GraphCut) -> Iterator[Finding]:
        if event.operation != "detach" or not event.whole or (event.in_forward and event.input.form is not Form.LOSS):
            return
        trail = [Step(event.place, f"`{event.call}` has no graph")]
        if event.backward is not None:
            trail.append(Step(event.backward, "`backward` reaches no parameter from here"))
        yield self.finding(
            event,
            f"`{event.call}` cuts off the graph what `backward` is called on: no parameter gets a gradient",
            trail=tuple(trail),
            advice="differentiate the loss itself, and detach a copy of it for logging",
            fix=_fix(event),
        )


_CUTS = frozenset({"item", "detach", "data", "tensor"})


def _fix(event: GraphCut) -> Fix | None:
    if event.written is None or event.written.name not in _CUTS:
        return None
    if event.several:
        code = (Named("torch.stack"), "(", event.written.operand, ")")
        return Fix("stack the losses", Safety.UNSAFE, (Replace(event.place, code),))
    # an assignment of `requires_grad` raises for what hangs on a graph
    removed = tuple(Remove(place) for place in event.required)
    return Fix(f"take the `{event.written.name}` out", Safety.UNSAFE, (Unwrap(event.place), *removed))
