"""NN505: a layer is built and nothing reads it."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, LayerAssigned, Rule, Severity


class UnusedLayer(Rule):
    """A layer is built in the constructor of a module and nothing ever reads it.

    ## What it does

    Reports an attribute of a module that holds a layer with parameters (or a norm, or a dropout) when neither the
    module, nor its parents and subclasses, nor any other file of the project reads it.

    ## Why it fails silently

    The network runs without the layer: a norm or a dropout that the author believes in is not there. Its parameters
    are counted, moved, saved and handed to the optimizer, which skips what has no gradient.

    ## Example

    ```python
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(64, 64)
            self.norm = nn.LayerNorm(64)
            self.fc2 = nn.Linear(64, 10)

        def forward(self, x):
            return self.fc2(torch.relu(self.fc1(x)))
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(64, 64)
            self.norm = nn.LayerNorm(64)
            self.fc2 = nn.Linear(64, 10)

        def forward(self, x):
            return self.fc2(torch.relu(self.norm(self.fc1(x))))
    ```

    ## Fix safety

    There is no automatic fix yet. Whether the layer is to be called or to be deleted only its author knows; deleting
    it changes the random numbers that later layers start from, and the keys of the checkpoints.

    ## Quiet when

    - it is read by name: `getattr`, `children()`, `named_modules()`, `_modules`, a hook, from another file,
    - only its weight is read (`F.linear(x, self.out.weight)`, tied weights),
    - a parent or a subclass reads it, or a base class' `forward` runs it (`nn.Sequential`),
    - a comment says that it is kept for old checkpoints, or a state dict is loaded into it.

    ## References

    - [torch.nn.Module](https://pytorch.org/docs/stable/generated/torch.nn.Module.html)
    - [Distributed Data Parallel, find_unused_parameters](https://pytorch.org/docs/stable/notes/ddp.html)
    """

    code, name, severity = "NN505", "unused-layer", Severity.WARNING
    watches = LayerAssigned
    words = ("Module",)

    def check(self, event: LayerAssigned) -> Iterator[Finding]:
        if not event.read:
            kind = "" if event.layer.kind in event.attribute else f" ({event.layer.kind})"
            yield self.finding(
                event,
                f"`{event.attribute}`{kind} of `{event.module}` is built and nothing reads it",
                advice="call it where it was meant to run, or delete it",
            )
