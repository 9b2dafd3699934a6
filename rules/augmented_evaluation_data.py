"""NN607: random transforms reach the data that a network is evaluated on."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import DataEvaluated, Finding, Role, Rule, Severity, Split, Step


class AugmentedEvaluationData(Rule):
    """Validation or test images go through random transforms.

    ## What it does

    Follows transforms into datasets, parts of datasets and loaders, and reports the evaluation data whose items are
    cropped, flipped, rotated or recolored at random, also when they were split off a dataset that augments.

    ## Why it fails silently

    The scores are those of images that nobody will ever ask about: they are lower than they should be, and another
    number comes out each time. What is chosen by them is chosen by chance.

    ## Example

    ```python
    import torch
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    def run():
        augment = transforms.Compose([transforms.RandomCrop(32, padding=4), transforms.ToTensor()])
        test_set = datasets.CIFAR10("data", train=False, transform=augment)
        model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3072, 10))
        model.eval()
        correct = 0
        with torch.no_grad():
            for x, y in DataLoader(test_set, batch_size=64):
                correct += (model(x).argmax(1) == y).sum().item()
        return correct / len(test_set)
    ```

    ## Instead

    ```python
    import torch
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    def run():
        test_set = datasets.CIFAR10("data", train=False, transform=transforms.ToTensor())
        model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3072, 10))
        model.eval()
        correct = 0
        with torch.no_grad():
            for x, y in DataLoader(test_set, batch_size=64):
                correct += (model(x).argmax(1) == y).sum().item()
        return correct / len(test_set)
    ```

    ## Fix safety

    There is no automatic fix yet. A second transform for evaluation, a center crop in place of a random one, is safe;
    a part of a dataset shares its transform with the other parts, so it takes a second dataset with the same indices.

    ## Quiet when

    - the transforms are the same at each call: resizing, center crops, normalization,
    - the data are those of the training, looked at without gradients,
    - the dataset decides by a flag whether it augments, and the flag is off.

    ## References

    - [torchvision, Transforming images](https://pytorch.org/vision/stable/transforms.html)
    - [torch.utils.data.random_split](https://pytorch.org/docs/stable/data.html#torch.utils.data.random_split)
    """

    code, name, severity = "NN607", "augmented-evaluation-data", Severity.WARNING
    watches = DataEvaluated
    words = ("transforms", "albumentations")
    recipe = True

    def check(self, event: DataEvaluated) -> Iterator[Finding]:
        held_out = event.role is Role.EVALUATION or event.split in (Split.VALIDATION, Split.TEST)
        if not event.random_transforms or not held_out or event.role is Role.TRAINING:
            return
        yield self.finding(
            event,
            f"a network is evaluated on `{event.data[:30]}`, which goes through {event.random_transforms[0]}",
            trail=(*event.trail, Step(event.place, "the data of the evaluation are made here")),
            advice="give evaluation data a transform of their own that draws nothing at random",
        )
