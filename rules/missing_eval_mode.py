"""NN301: a network is evaluated in training mode."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, Lapse, ModuleCalled, Role, Rule, Safety, Severity, Step


class MissingEvalMode(Rule):
    """A network with dropout, batch norm or the like is evaluated in training mode.

    ## What it does

    Works out which forward passes evaluate (their output never reaches `backward`, and they run on evaluation data or
    in a loop that trains nothing) and reports those of a network that is in training mode.

    ## Why it fails silently

    Dropout keeps dropping and batch norm normalizes by the statistics of the batch, and updates its running statistics
    with validation data. The scores are only worse and depend on the batch. `torch.no_grad()` is no substitute.

    ## Example

    ```python
    import torch

    def run(model, optimizer, criterion, train_loader, val_loader):
        for epoch in range(10):
            model.train()
            for inputs, target in train_loader:
                optimizer.zero_grad()
                criterion(model(inputs), target).backward()
                optimizer.step()
            with torch.no_grad():
                print(sum((model(inputs).argmax(1) == target).sum().item() for inputs, target in val_loader))
    ```

    ## Instead

    ```python
    import torch

    def run(model, optimizer, criterion, train_loader, val_loader):
        for epoch in range(10):
            model.train()
            for inputs, target in train_loader:
                optimizer.zero_grad()
                criterion(model(inputs), target).backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                print(sum((model(inputs).argmax(1) == target).sum().item() for inputs, target in val_loader))
    ```

    ## Fix safety

    `eval()` is put in at the start of the evaluation, and `train()` where training goes on afterwards, unless that is
    there. It is safe: evaluation mode is what an evaluation is to run in.

    ## Quiet when

    - `.eval()` was called on the network, on one that holds it, in a helper or in a context manager,
    - training mode was set on purpose for it (Monte Carlo dropout, recalibration of batch norms),
    - the network is known to have no layer that has a mode,
    - a framework switches the mode.

    ## References

    - [torch.nn.Module.eval](https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.eval)
    """

    code, name, severity = "NN301", "missing-eval-mode", Severity.ERROR
    watches = ModuleCalled
    words = ("torch",)
    recipe = True
    fix = Safety.SAFE

    def check(self, event: ModuleCalled) -> Iterator[Finding]:
        if event.role is not Role.EVALUATION or event.training is not True or event.mode_layers == ():
            return
        if event.lapse is not Lapse.FORGOTTEN:
            return  # a rule of its own says what was done instead of `eval()`
        layers = f" ({event.mode_layers[0]} is active)" if event.mode_layers else ""
        yield self.finding(
            event,
            f"`{event.module}` is evaluated in training mode{layers}",
            trail=(*event.trail, Step(event.place, f"it evaluates in training mode here: {event.role_evidence}")),
            advice=f"call `{event.module}.eval()` before the evaluation "
            f"and `{event.module}.train()` before training goes on",
            fix=_switched(event),
        )


def _switched(event: ModuleCalled) -> Fix | None:
    if event.switch is None or event.restore is None:
        return None
    back = tuple(slot.insert(f"{slot.name}.train()") for slot in event.restore)
    call = f"{event.switch.name}.eval()"
    title = f"call `{call}` before the evaluation" + (" and `train()` behind it" if back else "")
    return Fix(title, Safety.SAFE, (event.switch.insert(call), *back))
