"""NN216: an optimizer that starts over with each epoch or batch."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, OptimizerBuilt, Rule, Severity, Step


class OptimizerRecreatedInLoop(Rule):
    """The optimizer, the scheduler or the model is built anew in each pass of the training loop.

    ## What it does

    Looks at the constructors that a loop over epochs or batches runs again in every pass, also in the functions that it
    calls, and reports those whose object goes on with what the last one had begun.

    ## Why it fails silently

    A new optimizer has no momentum and no running averages: Adam's first steps have nearly full size for every
    parameter, and it takes its first steps for ever. A new scheduler is always at its start, so that the learning rate
    never follows it; and a new model forgets all that was learned. The loss may still fall.

    ## Example

    ```python
    import torch

    def train(model, criterion, train_loader):
        for epoch in range(20):
            model.train()
            optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
            for inputs, target in train_loader:
                optimizer.zero_grad()
                criterion(model(inputs), target).backward()
                optimizer.step()
    ```

    ## Instead

    ```python
    import torch

    def train(model, criterion, train_loader):
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(20):
            model.train()
            for inputs, target in train_loader:
                optimizer.zero_grad()
                criterion(model(inputs), target).backward()
                optimizer.step()
    ```

    ## Fix safety

    There is no automatic fix yet. Moving the constructor before the loop is safe where its arguments are the same in
    every pass.

    ## Quiet when

    - each pass is a training of its own: folds, seeds, settings of a sweep, clients or tasks that get a copy of the
      model,
    - each pass is a stage, with other parameters or other settings, and trains for epochs of its own,
    - the optimizer holds something that is new in each pass: a perturbation, the latent code of one image.

    ## References

    - [torch.optim, "Base class"](https://pytorch.org/docs/stable/optim.html#base-class)
    - [torch.optim.Adam](https://pytorch.org/docs/stable/generated/torch.optim.Adam.html)
    """

    code, name, severity = "NN216", "optimizer-recreated-in-loop", Severity.WARNING
    watches = OptimizerBuilt
    words = ("backward",)

    def check(self, event: OptimizerBuilt) -> Iterator[Finding]:
        if event.loop is not None:
            yield self.finding(
                event,
                f"the {event.kind} `{event.optimizer}` is built anew in each pass of the loop, and forgets its state",
                trail=(Step(event.loop, "this loop goes on training the same parameters"),),
                advice="build it once, before the loop",
            )
