"""NN404: a squeeze without a dim takes the batch away when it holds one sample."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Confidence, Finding, Fix, Form, OperationRan, Replace, Rule, Safety, Severity


class BareSqueeze(Rule):
    """`squeeze()` without a `dim` on a batch takes the batch dimension too when one sample is left.

    ## What it does

    Reports `squeeze()` and `torch.squeeze(x)` without a dimension on tensors whose first dimension is a batch.

    ## Why it fails silently

    Every batch but the last has many samples, so shapes are right. A last batch of one, or a request for one sample,
    comes out without its batch dimension: what follows raises, or goes on with features taken for samples. A loss
    that broadcasts, a softmax or an `argmax` over the last dimension gives numbers all the same.

    ## Example

    ```python
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 16, 3)
            self.pool = nn.AdaptiveAvgPool2d(1)
            self.fc = nn.Linear(16, 10)

        def forward(self, x):
            return self.fc(self.pool(self.conv(x).relu()).squeeze())

    print(Net()(torch.randn(4, 3, 8, 8)).shape)
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 16, 3)
            self.pool = nn.AdaptiveAvgPool2d(1)
            self.fc = nn.Linear(16, 10)

        def forward(self, x):
            return self.fc(self.pool(self.conv(x).relu()).squeeze((2, 3)))

    print(Net()(torch.randn(4, 3, 8, 8)).shape)
    ```

    ## Fix safety

    Unsafe: the dimension is named that has size 1 (`squeeze(-1)`), and [N, C, 1, 1] gets a `flatten(1)`; what follows
    and counts on a batch of one without its batch dimension has to follow. There is no fix where it is not known which
    dimensions have size 1.

    ## Quiet when

    - a `dim` is given,
    - the tensor is a scalar or no batch: one image for display, one sample's mask, a parameter,
    - the sizes are not known to begin with a batch.

    ## References

    - [torch.squeeze](https://pytorch.org/docs/stable/generated/torch.squeeze.html)
    """

    code, name, severity = "NN404", "bare-squeeze", Severity.WARNING
    watches = OperationRan
    words = ("squeeze",)
    fix = Safety.UNSAFE

    def check(self, event: OperationRan) -> Iterator[Finding]:
        if event.operation != "squeeze" or event.options or event.input.form is Form.LOSS:
            return
        if not event.differentiated and not event.in_forward and not event.loaded:
            return  # one sample is shown or saved
        pooled = event.sizes is not None and len(event.sizes) > 2 and event.sizes[-1] == "1" != event.sizes[0]
        if event.batch is None and not pooled:
            return
        yield self.finding(
            event,
            f"`{event.call}` drops every dimension of size 1, the batch's too where a batch has one item",
            advice="name the dimension: `squeeze(-1)`, `squeeze(1)`",
            confidence=Confidence.CERTAIN if event.batch is not None else Confidence.LIKELY,
            fix=_fix(event),
        )


def _fix(event: OperationRan) -> Fix | None:
    """The dimensions that have size 1, behind that of the batch, if it is known which they are."""
    sizes = event.sizes or ()
    batch = event.batch or 0
    if not event.written or event.written[0].name != "squeeze":
        return None
    if None in sizes[1:] and not (len(sizes) > 2 and sizes[-1] == "1"):
        return None  # of pooled maps the other sizes are those of channels
    ones = [axis for axis, size in enumerate(sizes) if axis != batch and size == "1"]
    if len(ones) == 1:
        way = f"squeeze({-1 if ones[0] == len(sizes) - 1 else ones[0]})"
    elif batch == 0 and len(sizes) > 2 and ones == list(range(2, len(sizes))):
        way = "flatten(1)"  # [N, C, 1, 1]
    else:
        return None
    return Fix(f"`{way}`", Safety.UNSAFE, (Replace(event.place, (event.written[0].operand, f".{way}")),))
