"""NN610: inputs on another scale than the weights were trained on."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, InputsNormalized, Rule, Severity, Step


class WrongInputNormalization(Rule):
    """A network gets its inputs on another scale than the one that its weights were trained on.

    ## What it does

    Follows the transforms of images, and reports a normalization that is applied twice, or before the values are
    scaled to [0, 1], or with a mean on the scale of [0, 255] to values that are scaled, and an evaluation that
    normalizes otherwise than the training.

    ## Why it fails silently

    Any numbers will do for a convolution. On a wrong scale pretrained features are worse, and fine-tuning makes up
    for a part of it; an evaluation on another scale than the training gives a score that is too low, and looks like
    overfitting.

    ## Example

    ```python
    import torch
    from torchvision import transforms
    from torchvision.datasets import ImageFolder

    MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

    def make_set(root):
        basis = [transforms.Resize((224, 224)), transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
        transform = transforms.Compose([*basis, transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))])
        return ImageFolder(root + "/train", transform=transform)
    ```

    ## Instead

    ```python
    import torch
    from torchvision import transforms
    from torchvision.datasets import ImageFolder

    MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

    def make_set(root):
        basis = [transforms.Resize((224, 224)), transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
        return ImageFolder(root + "/train", transform=transforms.Compose(basis))
    ```

    ## Fix safety

    There is no automatic fix yet. The transforms that come with the weights (`weights.transforms()`) are right for
    the evaluation; a network that was already trained on the wrong scale has to be trained again.

    ## Quiet when

    - training and evaluation agree, or their means and deviations are not known,
    - a normalization is undone: two in a row on values that nothing scaled,
    - the network normalizes its input itself.

    ## References

    - [torchvision, "Using the pre-trained models"](https://pytorch.org/vision/stable/models.html): "each model expects
      specific preprocessing"
    - [torchvision.transforms.Normalize](https://pytorch.org/vision/stable/generated/torchvision.transforms.Normalize.html)
    """

    code, name, severity = "NN610", "wrong-input-normalization", Severity.ERROR
    watches = InputsNormalized
    recipe = True
    words = ("torchvision", "Normalize", "normalize", "timm")

    def check(self, event: InputsNormalized) -> Iterator[Finding]:
        trail: tuple[Step, ...] = (Step(event.place, "it normalizes here"),)
        if event.trained_place is not None:
            what = "evaluation data are normalized otherwise than the training data"
            trail = (Step(event.trained_place, f"training data are normalized with {event.trained_with}"), *trail)
            advice = f"normalize with {event.trained_with}, as in the training"
        elif event.times > 1 and event.scaled:
            what = "images are normalized a second time"
            advice = "normalize once"
        elif event.scaled_later and not event.scaled:
            what = "images are normalized before their values are brought to [0, 1]"
            advice = "put `Normalize` behind the transform that scales"
        elif event.scaled and event.mean is not None and min(event.mean) > 1.5:
            what = f"images in [0, 1] are normalized by a mean of {event.mean[0]:g}, which is on the scale of [0, 255]"
            advice = "divide mean and std by 255"
        else:
            return
        yield self.finding(event, what, trail=trail, advice=advice)
