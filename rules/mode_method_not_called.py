"""NN310: the mode of a network is meant to be set, and is not."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, InsertAfter, ModeMiss, ModeMissed, Replace, Rule, Safety, Severity, Step


class ModeMethodNotCalled(Rule):
    """`model.eval` without a call, `model.train = False`, or a `train()` of one's own that loses the mode.

    ## What it does

    Reports statements that look as if they set a network's mode and do not: `eval` or `train` named but not called,
    an assignment to one of them, `training = False` on a network that holds others (they keep their mode), and an
    override of `train` that does not hand `mode` on, or does not return `self`.

    ## Why it fails silently

    Naming a method does nothing, and assigning to it only hides it. `eval()` calls `train(False)`: an override that
    drops the mode puts the network in training mode when evaluation mode is asked for, and one that returns nothing
    makes `model = model.eval()` an assignment of `None`.

    ## Example

    ```python
    import torch

    def validate(model, loader):
        model.eval
        correct = 0
        with torch.no_grad():
            for inputs, target in loader:
                correct += (model(inputs).argmax(1) == target).sum().item()
        return correct
    ```

    ## Instead

    ```python
    import torch

    def validate(model, loader):
        model.eval()
        correct = 0
        with torch.no_grad():
            for inputs, target in loader:
                correct += (model(inputs).argmax(1) == target).sum().item()
        return correct
    ```

    ## Fix safety

    The method is called, what is assigned becomes a call of `eval()` or `train()`, and an override ends with `return
    self`. It is safe: the mode is the one that the code says. There is none for an override that loses its mode.

    ## Quiet when

    - the method is handed over or kept, to be called later,
    - `training` is set on every module, or is an attribute of something that is no network,
    - an override hands `mode` to `super().train` and returns `self`.

    ## References

    - [torch.nn.Module.train](https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.train)
    - [torch.nn.Module.eval](https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.eval)
    """

    code, name, severity = "NN310", "mode-method-not-called", Severity.ERROR
    watches = ModeMissed
    words = ("eval", "train", "training")
    recipe = True
    fix = Safety.SAFE

    def check(self, event: ModeMissed) -> Iterator[Finding]:
        match event.how:
            case ModeMiss.NOT_CALLED:
                message = f"`{event.call}` names the method and does not call it: the mode stays as it is"
                advice = f"write `{event.call}()`"
            case ModeMiss.ASSIGNED:
                message = f"`{event.call}` hides the method and leaves the mode as it is"
                advice = "call `eval()` or `train()`"
            case ModeMiss.FLAG:
                message = f"`{event.call}` reaches the network itself and none of its layers: they keep their mode"
                advice = "call `eval()` or `train()`, which set the mode of all layers"
            case ModeMiss.MODE_LOST:
                message = f"`{event.call}` loses its mode: `eval()` leaves the network in training mode"
                advice = "hand it on: `super().train(mode)`"
            case ModeMiss.SELF_LOST:
                message = f"`{event.call}` does not return the network, and what `eval()` or `train()` returns is used"
                advice = "end the override with `return self`"
        trail = (Step(event.place, event.how.value),)
        yield self.finding(event, message, trail=trail, advice=advice, fix=_called(event))


def _called(event: ModeMissed) -> Fix | None:
    if event.how is ModeMiss.NOT_CALLED:
        return Fix(f"call `{event.call}()`", Safety.SAFE, (Replace(event.place, (event.place, "()")),))
    if event.owner is not None and event.statement is not None and event.training is not None:
        call = "train()" if event.training else "eval()"
        return Fix(f"call `{call}`", Safety.SAFE, (Replace(event.statement, (event.owner, f".{call}")),))
    if event.last is not None and event.receiver:
        change = InsertAfter(event.last, (f"return {event.receiver}",))
        return Fix(f"end with `return {event.receiver}`", Safety.SAFE, (change,))
    return None
