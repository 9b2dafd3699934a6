"""NN311: a frozen network's batch norms go on changing."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, FrozenNormUpdated, Rule, Severity, Step


class FrozenBatchnormStillUpdating(Rule):
    """A part is frozen by `requires_grad`, and its batch norms are still in training mode.

    ## What it does

    Reports the line that freezes a part with batch norms, where a training step runs that part in training mode.

    ## Why it fails silently

    `requires_grad=False` keeps weights and biases. Running mean and variance are buffers: each forward pass in
    training mode moves them towards the new data, and normalizes by the statistics of the batch. "Frozen" features
    differ from batch to batch and from those of the pretrained network, and small batches make them noisy.

    ## Example

    ```python
    import torch
    from torch import nn

    def finetune(state, criterion, train_loader):
        backbone = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten())
        backbone.load_state_dict(state)
        backbone.requires_grad_(False)
        model = nn.Sequential(backbone, nn.Linear(8 * 36, 10))
        optimizer = torch.optim.Adam(model[1].parameters(), lr=1e-3)
        model.train()
        for inputs, target in train_loader:
            optimizer.zero_grad()
            criterion(model(inputs), target).backward()
            optimizer.step()
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    def finetune(state, criterion, train_loader):
        backbone = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten())
        backbone.load_state_dict(state)
        backbone.requires_grad_(False)
        model = nn.Sequential(backbone, nn.Linear(8 * 36, 10))
        optimizer = torch.optim.Adam(model[1].parameters(), lr=1e-3)
        model.train()
        backbone.eval()
        for inputs, target in train_loader:
            optimizer.zero_grad()
            criterion(model(inputs), target).backward()
            optimizer.step()
    ```

    ## Fix safety

    There is no automatic fix yet. `backbone.eval()` after each `train()`, or an override of `train`, keeps the
    statistics; results change. Adapting them to new data on purpose is a method of its own: say so.

    ## Quiet when

    - `eval()` is called on the part after each `train()`, or its `train` is overridden,
    - the norms are frozen ones (`FrozenBatchNorm2d`), or keep no running statistics,
    - the part is frozen for one step of another network only (a discriminator), and learns again.

    ## References

    - [BatchNorm2d](https://pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html)
    - [FrozenBatchNorm2d](https://pytorch.org/vision/stable/generated/torchvision.ops.FrozenBatchNorm2d.html)
    """

    code, name, severity = "NN311", "frozen-batchnorm-still-updating", Severity.WARNING
    watches = FrozenNormUpdated
    words = ("requires_grad", "requires_grad_")

    def check(self, event: FrozenNormUpdated) -> Iterator[Finding]:
        yield self.finding(
            event,
            f"parameters are frozen here, and `{event.module}` still updates the statistics of `{event.norm}`",
            trail=(Step(event.forward, f"`{event.module}` is trained with `{event.norm}` in training mode"),),
            advice="call `eval()` on the frozen part after each `train()`",
        )
