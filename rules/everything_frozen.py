"""NN211: the loop that freezes the backbone freezes the new head too."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, ParametersFrozen, Rule, Severity, Step


class EverythingFrozen(Rule):
    """The new head is attached and then everything is frozen, the head too: nothing is left to train.

    ## What it does

    Watches which parameters require gradients, and reports the line that freezes a network whose new, randomly
    initialized head was attached before and is not unfrozen afterwards.

    ## Why it fails silently

    Where nothing else is trained `backward` raises. But next to another loss, a second network or a learned
    temperature there is something to differentiate: training runs, and the random head stays random.

    ## Example

    ```python
    import torch
    import torchvision

    def finetune(train_loader):
        model = torchvision.models.vgg16()
        model.classifier = torch.nn.Linear(25088, 10)
        for parameter in model.parameters():
            parameter.requires_grad = False
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for images, labels in train_loader:
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(images), labels).backward()
            optimizer.step()
    ```

    ## Instead

    ```python
    import torch
    import torchvision

    def finetune(train_loader):
        model = torchvision.models.vgg16()
        for parameter in model.parameters():
            parameter.requires_grad = False
        model.classifier = torch.nn.Linear(25088, 10)
        optimizer = torch.optim.Adam(model.classifier.parameters(), lr=1e-3)
        for images, labels in train_loader:
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(images), labels).backward()
            optimizer.step()
    ```

    ## Fix safety

    There is no automatic fix yet. Freezing first and attaching the head afterwards is safe.

    ## Quiet when

    - the head is attached after the loop, unfrozen after it, or left out of it by name,
    - the frozen network is a teacher or a feature extractor, or stands still for one phase only,
    - something else than the network is trained through it (an image, a prompt).

    ## References

    - [Transfer learning for computer vision](https://pytorch.org/tutorials/beginner/transfer_learning_tutorial.html)
    - [Setting requires_grad](https://pytorch.org/docs/stable/notes/autograd.html#setting-requires-grad)
    """

    code, name, severity = "NN211", "everything-frozen", Severity.ERROR
    watches = ParametersFrozen
    words = ("requires_grad",)

    def check(self, event: ParametersFrozen) -> Iterator[Finding]:
        yield self.finding(
            event,
            f"the fresh `{event.module}` is frozen along with the network that it was attached to",
            trail=(Step(event.attached, f"`{event.module}` is attached here, with random weights"),),
            advice=f"freeze the network before `{event.module}` is attached, or unfreeze that",
        )
