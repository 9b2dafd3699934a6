"""NN204: gradients of k micro-batches are summed where their mean was meant."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import BackwardRan, Finding, Rule, Severity, Step


class UnscaledAccumulatedLoss(Rule):
    """Gradients of k micro-batches are accumulated, and the loss is not divided by k.

    ## What it does

    Reports the `backward` of a mean loss that runs k times for each step of the optimizer with nothing divided by k.

    ## Why it fails silently

    `backward` adds gradients, so the step sees k times the gradient of the large batch that accumulation stands for:
    with SGD, k times the learning rate, changing with every change of k. Adam divides the size out again and hides
    it, but for its epsilon; clipping to a norm does not: it is reached k times as early.

    ## Example

    ```python
    import torch

    def train(model, optimizer, train_loader, accumulation=4):
        optimizer.zero_grad()
        for i, (inputs, target) in enumerate(train_loader):
            loss = torch.nn.functional.cross_entropy(model(inputs), target)
            loss.backward()
            if (i + 1) % accumulation == 0:
                optimizer.step()
                optimizer.zero_grad()
    ```

    ## Instead

    ```python
    import torch

    def train(model, optimizer, train_loader, accumulation=4):
        optimizer.zero_grad()
        for i, (inputs, target) in enumerate(train_loader):
            loss = torch.nn.functional.cross_entropy(model(inputs), target) / accumulation
            loss.backward()
            if (i + 1) % accumulation == 0:
                optimizer.step()
                optimizer.zero_grad()
    ```

    ## Fix safety

    There is no automatic fix yet. Dividing the loss by k before `backward` makes the steps k times smaller; a
    learning rate that was tuned without the division has to grow with it.

    ## Quiet when

    - the loss is divided by k, weighted by the share of the micro-batch, or the gradients are divided before the
      step,
    - the loss is a sum (`reduction="sum"`), or the learning rate is divided by k and says so,
    - several losses of one batch are differentiated one by one,
    - a framework divides (Accelerate's `backward` within `accumulate`).

    ## References

    - [Gradient accumulation](https://pytorch.org/docs/stable/notes/amp_examples.html#gradient-accumulation)
    - [Kingma and Ba, Adam: a method for stochastic optimization](https://arxiv.org/abs/1412.6980)
    """

    code, name, severity = "NN204", "unscaled-accumulated-loss", Severity.WARNING
    watches = BackwardRan
    words = ("backward",)

    def check(self, event: BackwardRan) -> Iterator[Finding]:
        if event.accumulated is not None:
            yield self.finding(
                event,
                f"`{event.call}` adds up the gradients of several batches, and nothing divides by their number",
                trail=(Step(event.accumulated, f"`{event.optimizer}` steps on the sum"),),
                advice="divide the loss by the number of batches that are accumulated",
            )
