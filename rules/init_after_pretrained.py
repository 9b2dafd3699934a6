"""NN509: loaded weights are initialized again."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Rule, Severity, Step, WeightsInitialized


class InitAfterPretrained(Rule):
    """A random initialization runs over weights that were loaded before.

    ## What it does

    Remembers which modules hold loaded weights (`load_state_dict`, `from_pretrained`, `weights=...`) and reports the
    initialization, or the `apply` of one, that reaches them afterwards.

    ## Why it fails silently

    The checkpoint is read and its keys match. What is trained starts from random weights all the same, and a slow
    start or a low score is put down to the task.

    ## Example

    ```python
    import torch
    from torch import nn

    def init_weights(layer):
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)

    def build(checkpoint):
        net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 10))
        net.load_state_dict(checkpoint)
        net.apply(init_weights)
        return net
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    def init_weights(layer):
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)

    def build(checkpoint):
        net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 10))
        net.apply(init_weights)
        net.load_state_dict(checkpoint)
        return net
    ```

    ## Fix safety

    There is no automatic fix yet. Moving the initialization before the loading, or to the new layers alone, is what
    was meant; the network then starts from the loaded weights.

    ## Quiet when

    - only a new head is initialized, or what the checkpoint does not hold,
    - the weights are loaded after the initialization,
    - the network is one without loaded weights.

    ## References

    - [torch.nn.init](https://pytorch.org/docs/stable/nn.init.html)
    - [torch.nn.Module.apply](https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.apply)
    """

    code, name, severity = "NN509", "init-after-pretrained", Severity.ERROR
    watches = WeightsInitialized
    words = ("from_pretrained", "load_state_dict", "load_state_dict_from_url", "pretrained", "weights")

    def check(self, event: WeightsInitialized) -> Iterator[Finding]:
        message = f"`{event.call}` initializes the weights anew that `{event.source}` loaded"
        trail = [Step(event.loaded, "the weights are loaded here")]
        if event.drawn != event.place:
            trail.append(Step(event.drawn, f"the weights of `{event.layer}` are drawn at random here"))
        advice = "initialize before the weights are loaded, or the new layers only"
        yield self.finding(event, message, trail=tuple(trail), advice=advice)
