"""NN411: a reduction goes over the batch where the classes were meant."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, Replace, Rule, Safety, SamplesReduced, Severity, Step


class ReductionOverWrongDimension(Rule):
    """An `argmax`, `max` or `sum` goes over the batch where the class dimension was meant.

    ## What it does

    Follows class scores [batch, classes] to reductions over the batch. Reports an `argmax`, or the indices of `max`,
    that meets the labels afterwards (a comparison, `zip`, `view_as`, a metric), and a sum of log-probabilities
    (`-(target * log_probs).sum(0)`, an entropy) that is averaged afterwards.

    ## Why it fails silently

    A reduction over either dimension gives a tensor. Behind it stands a mean, a `zip` or a comparison that
    broadcasts, and a number comes out that moves with training, but is the score of something else.

    ## Example

    ```python
    import torch
    from torch import nn

    net = nn.Linear(20, 10)
    counts = torch.zeros(10, 10)
    inputs, labels = torch.randn(32, 20), torch.randint(10, (32,))
    net.eval()
    with torch.no_grad():
        for guess, label in zip(net(inputs).argmax(0), labels):
            counts[label, guess] += 1
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    net = nn.Linear(20, 10)
    counts = torch.zeros(10, 10)
    inputs, labels = torch.randn(32, 20), torch.randint(10, (32,))
    net.eval()
    with torch.no_grad():
        for guess, label in zip(net(inputs).argmax(1), labels):
            counts[label, guess] += 1
    ```

    ## Fix safety

    Unsafe: the reduction gets the dimension of the classes. That is what was meant; losses and metrics change their
    value, and what was logged before can not be compared with them.

    ## Quiet when

    - the shape of the tensor is not known,
    - no labels are compared with the result: for each class a sample is looked for,
    - statistics over the batch are meant: the mean prediction, prototypes, standardization, a sum of samples,
    - the first dimension is not the batch: one image [classes, height, width], an ensemble [members, batch, classes],
      time-first scores.

    ## References

    - [torch.argmax](https://pytorch.org/docs/stable/generated/torch.argmax.html)
    - [torch.sum](https://pytorch.org/docs/stable/generated/torch.sum.html)
    """

    code, name, severity = "NN411", "reduction-over-wrong-dimension", Severity.ERROR
    watches = SamplesReduced
    fix = Safety.UNSAFE
    words = ("argmax", "argmin", "max", "min", "sum", "topk")

    def check(self, event: SamplesReduced) -> Iterator[Finding]:
        sizes = ", ".join(event.sizes)
        if event.labels:
            why, step = "and meets the labels", f"`{event.labels}` has one number for each sample"
        else:
            why, step = "and is averaged over the classes", "what is averaged here is one number for each class"
        yield self.finding(
            event,
            f"`{event.call}` reduces [{sizes}] over the samples {why}",
            trail=(Step(event.used, step),),
            advice="reduce over the classes: `dim=1`, or `dim=-1` where they are last",
            fix=_fix(event),
        )


def _fix(event: SamplesReduced) -> Fix | None:
    """The second dimension of two, and of pictures; the last of sequences."""
    if event.dim is None:
        return None
    dim = "-1" if len(event.sizes) == 3 else "1"
    return Fix(f"reduce over the classes: `dim={dim}`", Safety.UNSAFE, (Replace(event.dim, (dim,)),))
