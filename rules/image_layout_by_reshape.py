"""NN408: the layout of an image is changed by a reshape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nnlint import Finding, Fix, Replace, Reshaped, Rule, Safety, Severity, Step, rearranged


class ImageLayoutByReshape(Rule):
    """`reshape` or `view` is used to bring height-width-channels into channels-height-width, or back.

    ## What it does

    Follows images that have their channels last (from NumPy, PIL or OpenCV) or first, and reports the `reshape` or
    `view` that gives them the sizes of the other layout.

    ## Why it fails silently

    A reshape moves nothing, it reads the same memory with other sizes. The shape is what the convolution expects;
    each "channel" is a third of the picture's rows with red, green and blue side by side. The network trains on
    scrambled pictures, and the loss still falls.

    ## Example

    ```python
    import torch
    from torch import nn

    conv = nn.Conv2d(3, 8, 3)
    frames = torch.rand(16, 32, 48, 3)  # of a camera: height, width, channels
    print(conv(frames.reshape(16, 3, 32, 48)).shape)
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    conv = nn.Conv2d(3, 8, 3)
    frames = torch.rand(16, 32, 48, 3)  # of a camera: height, width, channels
    print(conv(frames.permute(0, 3, 1, 2)).shape)
    ```

    ## Fix safety

    Unsafe: a `permute` takes the place of the reshape. That is what was meant; weights trained on scrambled images are
    lost. What is written for an array of NumPy is left alone.

    ## Quiet when

    - `permute`, `transpose` or `ToTensor` changes the layout,
    - pixels that are stored plane by plane are given their sizes (`flat.view(3, 32, 32)`),
    - height and width are merged or split and the channels stay where they are,
    - there is one channel only: the order of its memory is the same.

    ## References

    - [torch.permute](https://pytorch.org/docs/stable/generated/torch.permute.html)
    - [ToTensor](https://pytorch.org/vision/stable/generated/torchvision.transforms.ToTensor.html)
    """

    code, name, severity = "NN408", "image-layout-by-reshape", Severity.ERROR
    watches = Reshaped
    words = ("reshape", "view")
    recipe = True
    fix = Safety.UNSAFE

    def check(self, event: Reshaped) -> Iterator[Finding]:
        if event.image:
            before, after = ", ".join(event.before), ", ".join(event.after)
            yield self.finding(
                event,
                f"`{event.call}` changes an image's layout without a permute: pixels and channels are mixed",
                trail=(*event.trail, Step(event.place, f"[{before}] is read as [{after}]")),
                advice="move the channels: `permute(2, 0, 1)` or `permute(0, 3, 1, 2)`, and back by its inverse",
                fix=_fix(event),
            )


def _fix(event: Reshaped) -> Fix | None:
    meant = event.meant
    if meant is None:
        return None
    if not meant.first and not meant.then and len(event.before) == len(event.after):
        meant = replace(meant, first=_order(event), whole=True)  # other sizes are asked for, of the same dimensions
    code = rearranged(meant)
    return Fix("move the channels", Safety.UNSAFE, (Replace(event.place, code),)) if code else None


def _order(event: Reshaped) -> tuple[int, ...]:
    """The channels before height and width, or behind them."""
    batch = tuple(range(len(event.before) - 3))
    rows, columns, last = (len(batch) + axis for axis in range(3))
    return (*batch, last, rows, columns) if event.before[-1] == event.after[-3] else (*batch, columns, last, rows)
