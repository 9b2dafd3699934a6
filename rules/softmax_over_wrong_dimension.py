"""NN109: a softmax normalizes over the batch, or over a dimension that nobody named."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, OperationRan, Rule, Safety, Scale, SetArgument, Severity


class SoftmaxOverWrongDimension(Rule):
    """A softmax runs over the batch dimension, or does not say over which dimension it runs.

    ## What it does

    Compares the `dim` of `softmax`, `log_softmax`, `Softmax` and `LogSoftmax` with the shape of what they are given,
    and reports those that normalize over the samples of a batch, and those without a `dim`.

    ## Why it fails silently

    The output looks like probabilities, but the columns sum to 1, not the rows: what a sample gets depends on which
    others share its batch, and alone in a batch every class gets 1. Without a `dim` PyTorch chooses by the number of
    dimensions: the second of two and of four, but the first of three, which is the batch.

    ## Example

    ```python
    import torch
    from torch import nn
    from torch.nn import functional as F

    model, inputs = nn.Linear(16, 4), torch.randn(32, 16)
    model.eval()
    with torch.no_grad():
        probabilities = F.softmax(model(inputs), dim=0)
    print(probabilities.argmax(dim=1))
    ```

    ## Instead

    ```python
    import torch
    from torch import nn
    from torch.nn import functional as F

    model, inputs = nn.Linear(16, 4), torch.randn(32, 16)
    model.eval()
    with torch.no_grad():
        probabilities = F.softmax(model(inputs), dim=1)
    print(probabilities.argmax(dim=1))
    ```

    ## Fix safety

    Unsafe: the dimension of the classes is named, `dim=1` for [N, C] and for pictures, `dim=-1` for sequences and
    where the shape is not known. Weights that were learned under the other normalization do not fit any more.

    ## Quiet when

    - `dim=-1`, or `dim=1` on [N, C, ...],
    - attention is normalized over its keys or its time steps, wherever the layout puts them, the first place
      included,
    - the samples of the batch are the candidates, as in contrastive losses and prototypes,
    - a vector without a batch is normalized (`dim=0` of learned mixing weights),
    - the shape is not known.

    ## References

    - [torch.nn.Softmax](https://pytorch.org/docs/stable/generated/torch.nn.Softmax.html)
    - [torch.nn.functional.softmax](https://pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html)
    """

    code, name, severity = "NN109", "softmax-over-wrong-dimension", Severity.ERROR
    watches = OperationRan
    words = ("softmax", "Softmax")
    fix = Safety.UNSAFE

    def check(self, event: OperationRan) -> Iterator[Finding]:
        if event.operation not in ("softmax", "log_softmax"):
            return
        if "dim" not in event.options:
            yield self.finding(
                event,
                f"`{event.call}` does not say over which dimension: it is chosen by the number of dimensions",
                place=event.layer_made,
                advice="name the dimension of the classes: `dim=-1`, or `dim=1` where classes come before pixels",
                fix=_fix(event),
                severity=None if len(event.sizes or ()) == 3 else Severity.WARNING,  # of [N, T, C] it takes the N
            )
            return
        dim, rank = event.options["dim"], len(event.sizes or ())
        if type(dim) is not int or event.batch is None or rank < 2 or event.input.scale is not Scale.LOGITS:
            return
        if dim % rank == event.batch:
            yield self.finding(
                event,
                f"`{event.call}` normalizes over the batch: what a sample gets depends on the others",
                place=event.layer_made,
                advice="name the dimension of the classes: `dim=-1`, or `dim=1` where classes come before pixels",
                fix=_fix(event),
            )


def _fix(event: OperationRan) -> Fix | None:
    """The dimension of the classes: the second of two and of pictures, the last of sequences."""
    if event.shared or (event.layer_made is None and not event.written):
        return None
    rank = len(event.sizes) if event.sizes is not None else None
    pictures = rank in (4, 5) or (rank is None and "Conv" in event.input.made_by)
    dim = "1" if rank == 2 or pictures or event.single else "-1"  # [N, T, 1] has one score a step
    position = 0 if event.layer_made is not None or event.written[0].method else 1
    change = SetArgument(event.layer_made or event.place, "dim", (dim,), position)
    return Fix(f"normalize over the classes: `dim={dim}`", Safety.UNSAFE, (change,))
