"""NN223: a constant that hardly anyone means."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, HyperparameterGiven, Rule, Severity, Step

_ADAMS = ("Adam", "AdamW", "NAdam", "RAdam", "Adamax", "SparseAdam")
_RANGES = {
    "lr": "Adam is mostly run with 1e-5 to 1e-3",
    "tiny lr": "rates are mostly 1e-6 to 1",
    "momentum": "it is mostly 0.9",
    "betas": "they are mostly (0.9, 0.999)",
    "running": "the running statistics keep 1 - momentum of what they were; torch's default is 0.1",
    "rate": "it is the share that is dropped, mostly 0.1 to 0.5",
    "weight_decay": "it is mostly 1e-5 to 0.1",
    "label_smoothing": "it is mostly 0.1",
    "probability": "it is a probability, not a percentage",
}


class ImplausibleHyperparameter(Rule):
    """A learning rate, momentum, dropout or decay is far outside of what works for nearly every network.

    ## What it does

    Looks at the constants given to optimizers, losses and layers, also as the default of an option or of a
    configuration, and reports those that are nearly always a slip: Adam and its relatives at 0.05 or more, any
    learning rate of 1e-8 or less, a momentum of 1 or more, swapped betas, dropout of 0.95 or more, weight decay or
    label smoothing of 1 or more, a percentage where a fraction is due, the momentum of Keras (0.9 and more) for a
    batch norm.

    ## Why it fails silently

    PyTorch takes nearly any number. Adam moves each weight by about the learning rate, so that at 0.1 the first
    updates are larger than the weights; at 1e-9 they are lost in rounding. `Dropout(0.95)` keeps a twentieth where
    0.95 was meant to be kept. The loss is a bit worse, or stays where it is, and the data are blamed.

    ## Example

    ```python
    import torch

    def train(model, criterion, train_loader):
        optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
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
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        model.train()
        for inputs, target in train_loader:
            optimizer.zero_grad()
            criterion(model(inputs), target).backward()
            optimizer.step()
    ```

    ## Fix safety

    There is no automatic fix yet: which value was meant is for the author to say. The documented defaults (Adam:
    1e-3, betas 0.9 and 0.999) are a safe start.

    ## Quiet when

    - the constant is a base that a schedule scales (1.0 under a `LambdaLR`, 0 that a warm-up overwrites),
    - a search for the learning rate begins or ends there,
    - a small regression is solved by SGD or L-BFGS in large steps, or an optimizer has another scale (`Adadelta`),
    - single tensors are optimized, not a network: an image, a latent code, a perturbation,
    - the default of an option is replaced before it is used.

    ## References

    - [torch.optim.Adam](https://pytorch.org/docs/stable/generated/torch.optim.Adam.html): its defaults
    - [Adam: A Method for Stochastic Optimization](https://arxiv.org/abs/1412.6980): "good default settings"
    - [Practical recommendations for gradient-based training of deep architectures](https://arxiv.org/abs/1206.5533)
    """

    code, name, severity = "NN223", "implausible-hyperparameter", Severity.WARNING
    watches = HyperparameterGiven
    words = ("torch",)

    def check(self, event: HyperparameterGiven) -> Iterator[Finding]:
        usual = _implausible(event)
        if usual is None:
            return
        option = f" (default of `{event.option_name[:24]}`)" if event.option_name else ""
        trail = (Step(event.option, "the default stands here"),) if event.option is not None else ()
        yield self.finding(
            event,
            f"`{event.name}={_shown(event.value)}`{option} is implausible for {event.kind}",
            trail=(*trail, Step(event.place, f"{event.kind} is given {event.name}={_shown(event.value)}")),
            advice=_RANGES[usual],
        )


def _implausible(event: HyperparameterGiven) -> str | None:
    """Which of `_RANGES` a value is far out of."""
    value = event.value
    if isinstance(value, tuple):
        swapped = event.name == "betas" and len(value) == 2 and value[0] > value[1]
        return "betas" if swapped or (event.name == "betas" and max(value) >= 1) else None
    if not isinstance(value, (int, float)):
        return None
    match event.name:
        case "lr" if event.trains_network and not event.replaced:
            if 0 < value <= 1e-8:
                return "tiny lr"
            return "lr" if event.kind in _ADAMS and value >= 0.05 else None
        case "momentum" if event.kind.endswith(("Norm", "Norm1d", "Norm2d", "Norm3d")):
            return "running" if 0.9 <= value < 1 else None
        case "momentum":
            return "momentum" if value >= 1 else None
        case "p" if event.kind.startswith("Random"):
            return "probability" if value > 1 else None
        case "p" | "dropout":
            return "rate" if value >= 0.95 else None
        case "weight_decay":
            return "weight_decay" if value > 1 or (value == 1 and event.kind != "AdamW") else None
        case "label_smoothing":
            return "label_smoothing" if value >= 1 else None
    return None


def _shown(value: object) -> str:
    return f"({', '.join(map(_shown, value))})" if isinstance(value, tuple) else f"{value:g}"
