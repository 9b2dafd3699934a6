"""NN612: the image is moved, and what is said about its places stays."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, ImageMoved, Rule, Severity


class AugmentedInputOnly(Rule):
    """The image is flipped, cropped or rotated, its mask, boxes, keypoints or left/right label are not.

    ## What it does

    Looks at datasets whose target speaks of places in the image, and reports the random geometric transform that is
    applied to the image and not, with the same draw, to the target.

    ## Why it fails silently

    Shapes and types stay the same. A part of the targets is now wrong: the mask of a flipped image lies on its other
    side, the box around nothing. The network learns an average of right and wrong, and the loss falls to a level that
    looks like a hard task.

    ## Example

    ```python
    import torch
    from torch.utils.data import Dataset
    from torchvision import transforms

    class Segments(Dataset):
        def __init__(self, images, masks):
            self.images = images
            self.masks = masks
            self.transform = transforms.RandomHorizontalFlip()

        def __len__(self):
            return len(self.images)

        def __getitem__(self, index):
            return self.transform(self.images[index]), self.masks[index]
    ```

    ## Instead

    ```python
    import torch
    from torch.utils.data import Dataset
    from torchvision import transforms

    class Segments(Dataset):
        def __init__(self, images, masks):
            self.images = images
            self.masks = masks
            self.transform = transforms.RandomHorizontalFlip()

        def __len__(self):
            return len(self.images)

        def __getitem__(self, index):
            both = self.transform(torch.cat([self.images[index], self.masks[index]]))
            return both[:-1], both[-1:]
    ```

    ## Fix safety

    There is no automatic fix yet. Transforming both in one call (`torchvision.transforms.v2` with `tv_tensors`) is
    what was meant; masks want nearest neighbours where they are interpolated.

    ## Quiet when

    - the target goes through the same call, or is moved by hand with the same draw,
    - only colors, noise or blur change,
    - the target is a class that stays what it is when the image is flipped.

    ## References

    - [Transforming and augmenting images](https://pytorch.org/vision/stable/transforms.html)
    - [TVTensors](https://pytorch.org/vision/stable/tv_tensors.html)
    """

    code, name, severity = "NN612", "augmented-input-only", Severity.ERROR
    watches = ImageMoved
    recipe = True
    words = ("transforms", "v2", "transform", "functional", "albumentations", "cv2", "random", "flip", "fliplr")

    def check(self, event: ImageMoved) -> Iterator[Finding]:
        target = event.target if event.target.startswith("the ") else f"`{event.target}`"
        if event.sides is not None:
            what = f"`{event.transform}` makes `{event.sides[0]}` of `{event.sides[1]}`, and {target} stays"
            advice = "leave the flip out, or exchange the classes with it"
        elif event.anew:
            what = f"`{event.transform}` moves the image, and another draw moves {target}"
            advice = "transform both in one call, or with the same parameters"
        else:
            what = f"`{event.transform}` moves what is in the image, and {target} stays where it was"
            advice = "transform both in one call, or with the same parameters"
        yield self.finding(event, what, trail=event.trail, advice=advice)
