"""NN302: a network is trained in evaluation mode."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, ModuleCalled, Role, Rule, Safety, Severity, Step


class TrainModeNotRestored(Rule):
    """`eval()` was called for an evaluation and nothing calls `train()` before training goes on.

    ## What it does

    Follows the mode of each network through loops, functions and files, and reports the training forward pass that runs
    in evaluation mode.

    ## Why it fails silently

    From the first evaluation on dropout is off and batch norm uses its running statistics without updating them: the
    network goes on training without regularization, on statistics that no longer fit its weights.

    ## Example

    ```python
    import torch

    def run(model, optimizer, criterion, train_loader, val_loader):
        model.train()
        for epoch in range(10):
            for inputs, target in train_loader:
                optimizer.zero_grad()
                criterion(model(inputs), target).backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                print(sum(criterion(model(inputs), target) for inputs, target in val_loader))
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
                print(sum(criterion(model(inputs), target) for inputs, target in val_loader))
    ```

    ## Fix safety

    `train()` is put in where training goes on: before the loop over the batches, or behind the evaluation where that
    stands inside of this loop. It is safe: nothing asks for evaluation mode there.

    ## Quiet when

    - the training loop or the evaluation switches back,
    - a part of the network is kept in evaluation mode on purpose (a frozen backbone),
    - the network is known to have no layer that has a mode.

    ## References

    - [torch.nn.Module.train](https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.train)
    """

    code, name, severity = "NN302", "train-mode-not-restored", Severity.ERROR
    watches = ModuleCalled
    words = ("eval", "train")
    recipe = True
    fix = Safety.SAFE

    def check(self, event: ModuleCalled) -> Iterator[Finding]:
        if event.role is not Role.TRAINING or not event.left_in_evaluation or event.mode_layers == ():
            return
        layers = f" ({event.mode_layers[0]} too)" if event.mode_layers else ""
        yield self.finding(
            event,
            f"`{event.module}` is trained in evaluation mode{layers} after an `eval()` that nothing undoes",
            trail=(*event.trail, Step(event.place, f"`{event.module}` runs in evaluation mode here, and is trained")),
            advice=f"call `{event.module}.train()` before training goes on",
            fix=_restored(event),
        )


def _restored(event: ModuleCalled) -> Fix | None:
    if not event.restore:
        return None
    changes = tuple(slot.insert(f"{slot.name}.train()") for slot in event.restore)
    return Fix(f"call `{event.restore[0].name}.train()` before training goes on", Safety.SAFE, changes)
