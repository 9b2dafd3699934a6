"""NN220: weight decay that Adam divides away."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, HyperparameterGiven, Named, Place, Rename, Rule, Safety, Severity, Step


class CoupledWeightDecay(Rule):
    """`Adam` is given a weight decay, which it adds to the gradient and rescales like one.

    ## What it does

    Reports the constructor of an Adam-like optimizer (`Adam`, `NAdam`, `RAdam`) with a weight decay above 0 that is
    not decoupled, also when it comes from a configuration or a parameter group.

    ## Why it fails silently

    In `Adam` the decay is a part of the gradient, and so is divided by the running size of the gradients: weights
    with large gradients hardly decay, those with small ones strongly. The number means something else than in `AdamW`
    or `SGD`, and values taken over from a paper regularize less than they did there. Training works either way.

    ## Example

    ```python
    import torch

    def train(model, criterion, train_loader):
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=0.01)
        model.train()
        for inputs, target in train_loader:
            optimizer.zero_grad()
            criterion(model(inputs), target).backward()
            optimizer.step()
    ```

    ## Instead

    ```python
    import torch

    def train(model, criterion, train_loader):
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
        model.train()
        for inputs, target in train_loader:
            optimizer.zero_grad()
            criterion(model(inputs), target).backward()
            optimizer.step()
    ```

    ## Fix safety

    `Adam` becomes `AdamW`. It is unsafe: the same number decays more strongly there, and results change. There is none
    for `NAdam` and `RAdam`.

    ## Quiet when

    - the decay is decoupled: `AdamW`, `decoupled_weight_decay=True`,
    - it is 0, or the optimizer does not rescale it: `SGD`,
    - an L2 penalty is what is asked for, by the name of the option (`--l2`).

    ## References

    - [Decoupled Weight Decay Regularization](https://arxiv.org/abs/1711.05101)
    - [torch.optim.AdamW](https://pytorch.org/docs/stable/generated/torch.optim.AdamW.html)
    """

    code, name, severity = "NN220", "coupled-weight-decay", Severity.WARNING
    enabled = False
    watches = HyperparameterGiven
    words = ("weight_decay",)
    fix = Safety.UNSAFE

    def check(self, event: HyperparameterGiven) -> Iterator[Finding]:
        decays = event.name == "weight_decay" and isinstance(event.value, (int, float)) and event.value > 0
        if event.kind not in ("Adam", "NAdam", "RAdam") or not decays or "l2" in event.option_name.lower():
            return
        option = f" (default of `{event.option_name[:24]}`)" if event.option_name else ""
        yield self.finding(
            event,
            f"`weight_decay={event.value:g}`{option} of {event.kind} is divided by the size of the gradients",
            trail=(Step(event.option, "the default stands here"),) if event.option is not None else (),
            advice="use `AdamW`, whose weight decay is decoupled from the gradients",
            fix=_decoupled(event.place) if event.kind == "Adam" else None,
        )


def _decoupled(call: Place) -> Fix:
    return Fix("use `AdamW`", Safety.UNSAFE, (Rename(call, Named("torch.optim.AdamW")),))
