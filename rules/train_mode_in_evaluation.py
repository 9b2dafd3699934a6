"""NN303: an evaluation sets training mode, or switches another network than the one it evaluates."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, Lapse, ModuleCalled, Role, Rule, Safety, Severity, Step


class TrainModeInEvaluation(Rule):
    """An evaluation calls `train()`, or calls `eval()` on another network than the one it evaluates.

    ## What it does

    Reports a forward pass of an evaluation in training mode where the evaluation does say something of modes: it put
    the network in training mode after `eval()`, or it called `eval()` on another object (a copy, the plain model
    beside its average, the encoder twice and the decoder never).

    ## Why it fails silently

    The `eval()` is there for everyone to read, and the scores move with training as they should. They are those of a
    network with dropout and with the statistics of each batch, and `no_grad` does not keep batch norm from learning
    from validation data.

    ## Example

    ```python
    import torch

    def validate(model, ema_model, loader):
        model.eval()
        ema_model.train()
        correct = 0
        with torch.no_grad():
            for inputs, target in loader:
                correct += (ema_model(inputs).argmax(1) == target).sum().item()
        return correct
    ```

    ## Instead

    ```python
    import torch

    def validate(ema_model, loader):
        ema_model.eval()
        correct = 0
        with torch.no_grad():
            for inputs, target in loader:
                correct += (ema_model(inputs).argmax(1) == target).sum().item()
        return correct
    ```

    ## Fix safety

    `eval()` is put in at the start of the evaluation where another network was switched. It is unsafe: the network that
    was switched may be the one that was meant to be evaluated. There is no fix where the evaluation itself calls
    `train()`: that may be wanted for a part.

    ## Quiet when

    - dropout modules alone are switched on after `eval()`, or the code says it is Monte Carlo dropout,
    - batch norms are recalibrated: passes in training mode whose output nobody scores,
    - the network is known to have no layer that has a mode.

    ## References

    - [torch.nn.Module.eval](https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.eval)
    - [Evaluation mode](https://pytorch.org/docs/stable/notes/autograd.html)
    """

    code, name, severity = "NN303", "train-mode-in-evaluation", Severity.ERROR
    watches = ModuleCalled
    words = ("eval", "train")
    recipe = True
    fix = Safety.UNSAFE

    def check(self, event: ModuleCalled) -> Iterator[Finding]:
        if event.role is not Role.EVALUATION or event.training is not True or event.mode_layers == ():
            return
        match event.lapse:
            case Lapse.TRAIN_CALLED:
                message = f"`{event.module}` is evaluated in training mode: the evaluation itself calls `train()`"
                cause = "training mode is set here"
            case Lapse.OTHER_SWITCHED:
                message = f"`{event.module}` is evaluated in training mode: `eval()` is called on `{event.lapse_of}`"
                cause = f"`{event.lapse_of}` is switched to evaluation here"
            case _:
                return
        where = (Step(event.lapse_place, cause),) if event.lapse_place else ()
        yield self.finding(
            event,
            message,
            trail=(*where, Step(event.place, f"`{event.module}` evaluates in training mode: {event.role_evidence}")),
            advice=f"call `{event.module}.eval()` before the evaluation",
            fix=_switched(event) if event.lapse is Lapse.OTHER_SWITCHED else None,
        )


def _switched(event: ModuleCalled) -> Fix | None:
    if event.switch is None or event.restore is None:
        return None
    back = tuple(slot.insert(f"{slot.name}.train()") for slot in event.restore)
    call = f"{event.switch.name}.eval()"
    return Fix(f"call `{call}` before the evaluation", Safety.UNSAFE, (event.switch.insert(call), *back))
