"""NN309: weights are loaded and used for inference in training mode."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, Lapse, ModuleCalled, Role, Rule, Safety, Severity, Step


class InferenceAfterLoadWithoutEval(Rule):
    """Weights are loaded and the network predicts with them in training mode: nothing calls `eval()`.

    ## What it does

    Follows a network from `load_state_dict` to the forward passes whose output no loss differentiates, and reports
    those of a network with dropout, batch norm or the like that is in training mode there.

    ## Why it fails silently

    A new network is in training mode, and a state dict holds weights, not modes. Dropout drops parts of the features,
    batch norm normalizes each request by the requests that happen to be in its batch, and predictions look plausible.
    Scores are worse than those of the training run, which is easily laid to the data.

    ## Example

    ```python
    import torch
    from torch import nn

    def predict(state, batches):
        model = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 3))
        model.load_state_dict(state)
        with torch.no_grad():
            return [model(batch).argmax(1) for batch in batches]
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    def predict(state, batches):
        model = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 3))
        model.load_state_dict(state)
        model.eval()
        with torch.no_grad():
            return [model(batch).argmax(1) for batch in batches]
    ```

    ## Fix safety

    `eval()` is put in at the start of what predicts, and `train()` where training goes on afterwards, if it does. It is
    safe: evaluation mode is what predictions are to be made in.

    ## Quiet when

    - training resumes from the loaded weights,
    - `eval()` is called before or after loading, on the network, on one that holds it, or in a helper,
    - dropout is kept on purpose (Monte Carlo dropout),
    - the network is known to have no layer that has a mode.

    ## References

    - [Saving and loading models](https://pytorch.org/tutorials/beginner/saving_loading_models.html)
    - [torch.nn.Module.eval](https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.eval)
    """

    code, name, severity = "NN309", "inference-after-load-without-eval", Severity.ERROR
    watches = ModuleCalled
    words = ("load_state_dict",)
    recipe = True
    fix = Safety.SAFE

    def check(self, event: ModuleCalled) -> Iterator[Finding]:
        if event.role is not Role.EVALUATION or event.training is not True or event.mode_layers == ():
            return
        if event.lapse is not Lapse.LOADED:
            return
        layers = f" ({event.mode_layers[0]} is active)" if event.mode_layers else ""
        loaded = (Step(event.lapse_place, "weights are loaded here"),) if event.lapse_place else ()
        yield self.finding(
            event,
            f"`{event.module}` predicts with loaded weights in training mode{layers}",
            trail=(*loaded, Step(event.place, f"it runs in training mode here: {event.role_evidence}")),
            advice=f"call `{event.module}.eval()` after the weights are loaded",
            fix=_switched(event),
        )


def _switched(event: ModuleCalled) -> Fix | None:
    if event.switch is None or event.restore is None:
        return None
    back = tuple(slot.insert(f"{slot.name}.train()") for slot in event.restore)
    call = f"{event.switch.name}.eval()"
    return Fix(f"call `{call}` before the predictions", Safety.SAFE, (event.switch.insert(call), *back))
