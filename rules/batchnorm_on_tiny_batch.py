"""NN510: a batch norm sees one value per channel."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import BatchNormalized, Finding, Fix, Rule, Safety, SetArgument, Severity, Step


class BatchnormOnTinyBatch(Rule):
    """A batch norm is trained on batches that give it one value per channel.

    ## What it does

    Reports a batch norm whose input has a single value per channel in training: vectors, or maps pooled to 1x1, from
    a loader with `batch_size=1`, or from one whose last batch is known to hold one sample.

    ## Why it fails silently

    It raises, but late: one sample too many ends a run in the last batch of its first epoch, and only for some sizes
    of the dataset. A loop that skips failing batches learns nothing from them: the variance of one value is zero.

    ## Example

    ```python
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    net = nn.Sequential(nn.Linear(20, 64, bias=False), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 1))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    loader = DataLoader(TensorDataset(torch.randn(65, 20), torch.randn(65, 1)), batch_size=16, shuffle=True)
    net.train()
    for inputs, target in loader:
        optimizer.zero_grad()
        nn.functional.mse_loss(net(inputs), target).backward()
        optimizer.step()
    ```

    ## Instead

    ```python
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    net = nn.Sequential(nn.Linear(20, 64, bias=False), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 1))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    data = TensorDataset(torch.randn(65, 20), torch.randn(65, 1))
    loader = DataLoader(data, batch_size=16, shuffle=True, drop_last=True)
    net.train()
    for inputs, target in loader:
        optimizer.zero_grad()
        nn.functional.mse_loss(net(inputs), target).backward()
        optimizer.step()
    ```

    ## Fix safety

    `drop_last=True` is passed to the loader, where its last batch is the one. It is unsafe: one item is left out of
    each epoch, and of an evaluation that reads the same loader. There is none for batches of one item.

    ## Quiet when

    - the last batch is dropped, or the length of the dataset is not known,
    - the norm is in evaluation mode, or its feature maps are larger than 1x1.

    ## References

    - [torch.nn.BatchNorm1d](https://pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html)
    - [Wu and He, Group Normalization](https://arxiv.org/abs/1803.08494)
    """

    code, name, severity = "NN510", "batchnorm-on-tiny-batch", Severity.ERROR
    watches = BatchNormalized
    words = (
        "BatchNorm1d",
        "BatchNorm2d",
        "BatchNorm3d",
        "LazyBatchNorm1d",
        "LazyBatchNorm2d",
        "LazyBatchNorm3d",
        "SyncBatchNorm",
    )
    fix = Safety.UNSAFE

    def check(self, event: BatchNormalized) -> Iterator[Finding]:
        if event.values != 1:
            return
        if event.items is not None:
            which = f"the last of the batches of {event.items} items"
            advice = "drop the last batch: `DataLoader(..., drop_last=True)`"
        else:
            which = "a batch of one item"
            advice = "train with larger batches, or use `GroupNorm` or `LayerNorm`"
        yield self.finding(
            event,
            f"{event.layer.named} is trained on one value per channel: {which} has no variance",
            trail=(Step(event.ran, "it runs here"),) if event.ran is not None else (),
            advice=advice,
            fix=_dropping(event),
        )


def _dropping(event: BatchNormalized) -> Fix | None:
    if event.loader is None:
        return None
    return Fix("pass `drop_last=True`", Safety.UNSAFE, (SetArgument(event.loader, "drop_last", ("True",), 8),))
