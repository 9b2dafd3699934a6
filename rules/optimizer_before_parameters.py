"""NN209: layers are replaced or added after the optimizer was built."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, OptimizerBuilt, Rule, Severity, Step


class OptimizerBeforeParameters(Rule):
    """The optimizer is built, and then layers are added or replaced: it never learns of the new ones.

    ## What it does

    Compares the parameters that an optimizer was given with those that the network has when it is trained, and
    reports the optimizer that was built before a layer was replaced, added or re-parametrized.

    ## Why it fails silently

    An optimizer keeps the parameter objects of the moment it was built. A new head gets gradients at each `backward`
    and keeps its random weights; the optimizer goes on holding the old head, which nothing uses. The rest of the
    network adapts to a random head, so the loss even falls.

    ## Example

    ```python
    import torch
    import torchvision

    def finetune(train_loader):
        model = torchvision.models.resnet18()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        model.fc = torch.nn.Linear(512, 10)
        for images, labels in train_loader:
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
    ```

    ## Instead

    ```python
    import torch
    import torchvision

    def finetune(train_loader):
        model = torchvision.models.resnet18()
        model.fc = torch.nn.Linear(512, 10)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for images, labels in train_loader:
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
    ```

    ## Fix safety

    There is no automatic fix yet. Building the optimizer after the last change of the network is safe while no step
    has been taken; later, `add_param_group` keeps the state of the other parameters.

    ## Quiet when

    - the new parameters are handed over with `add_param_group`, or a new optimizer is built,
    - the parameters stay the same objects: `.to(device)`, a wrapper, tied weights, layers without parameters,
    - what is added is not trained.

    ## References

    - [torch.optim](https://pytorch.org/docs/stable/optim.html)
    - [Optimizer.add_param_group](https://pytorch.org/docs/stable/generated/torch.optim.Optimizer.add_param_group.html)
    """

    code, name, severity = "NN209", "optimizer-before-parameters", Severity.ERROR
    watches = OptimizerBuilt
    words = ("optim",)

    def check(self, event: OptimizerBuilt) -> Iterator[Finding]:
        if event.misses and event.attached is not None:
            yield self.finding(
                event,
                f"`{event.optimizer}` is built before the parameters of `{event.misses}`, and never updates them",
                trail=(Step(event.attached, f"`{event.misses}` gets its parameters here"),),
                advice=f"build `{event.optimizer}` when the network is complete, or call `add_param_group`",
            )
