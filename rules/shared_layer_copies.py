"""NN506: copies of a layer turn out to be one layer."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, LayerReused, Named, Place, Replace, Rule, Safety, Severity, Step


class SharedLayerCopies(Rule):
    """`[layer] * n` is one layer n times, and one batch norm is shared by several activations.

    ## What it does

    Reports a list that repeats one layer with parameters and is used as a stack, and a layer with state of its own (a
    batch norm) that runs at several depths of a network.

    ## Why it fails silently

    The stack has the depth that was asked for, and the weights of one layer. A shared batch norm mixes the statistics
    of all its places: training normalizes each batch by itself and looks fine, evaluation uses the mixture.

    ## Example

    ```python
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self, dim, depth):
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(dim, dim)] * depth)

        def forward(self, x):
            for layer in self.layers:
                x = x + torch.relu(layer(x))
            return x
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self, dim, depth):
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(dim, dim) for _ in range(depth)])

        def forward(self, x):
            for layer in self.layers:
                x = x + torch.relu(layer(x))
            return x
    ```

    ## Fix safety

    Each layer of the list is built, or copied with `copy.deepcopy`. It is unsafe: the network gets more parameters, and
    saved weights no longer fit. There is none for a norm that several activations share.

    ## Quiet when

    - what is repeated has no parameters and no statistics: activations, dropout, pooling,
    - each element is built or deep-copied for itself,
    - sharing is meant: a name, a flag or a comment says so, weights are tied, or one network is applied to several
      inputs (siamese branches, time steps, levels of a pyramid).

    ## References

    - [torch.nn.ModuleList](https://pytorch.org/docs/stable/generated/torch.nn.ModuleList.html)
    - [Ioffe and Szegedy, Batch Normalization, section 3](https://arxiv.org/abs/1502.03167)
    """

    code, name, severity = "NN506", "shared-layer-copies", Severity.ERROR
    watches = LayerReused
    words = ("Module", "Sequential")
    fix = Safety.UNSAFE

    def check(self, event: LayerReused) -> Iterator[Finding]:
        layer = event.layer
        if event.said:
            return
        if event.repeated is not None:
            yield self.finding(
                event,
                f"the layers of this stack are one: `{event.called}` is repeated, not copied",
                place=event.repeated,
                trail=(
                    Step(layer.made, f"`{layer.kind}` is made once"),
                    Step(event.place, "it runs on what was made of its own output"),
                ),
                advice="build each layer, or copy it with `copy.deepcopy`",
                fix=_apart(event.repeated, event),
            )
        elif event.is_norm and len(event.feeders) > 1:
            first, second = event.feeders[:2]
            yield self.finding(
                event,
                f"{layer.named} is shared by several activations, whose statistics it mixes",
                place=layer.made,
                trail=(
                    Step(layer.made, f"`{layer.called}` is made once"),
                    Step(event.place, f"it normalizes `{first}` and, here, `{second}`"),
                ),
                advice="give each of them a norm of its own",
            )


def _apart(repeated: Place, event: LayerReused) -> Fix | None:
    if event.element is None or (event.builds and event.count is None):
        return None
    each: tuple[str | Place | Named, ...] = (event.element,)
    if not event.builds:
        each = (Named("copy.deepcopy"), "(", event.element, ")")
    if event.count is not None:
        each = ("[", *each, " for _ in range(", event.count, ")]")
    return Fix("build each layer" if event.builds else "copy each layer", Safety.UNSAFE, (Replace(repeated, each),))
