"""NN219: a list of tensors that are still tied to their graphs."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, GraphKept, Replace, Rule, Safety, Severity


class TensorsCollectedWithGraph(Rule):
    """Losses or outputs are appended to a list with their graphs, which stay in memory for as long as the list does.

    ## What it does

    Looks at what a training loop appends to lists that outlive the step, and at what the lists are used for. It reports
    the `append` of a tensor that hangs on the graph when nothing made of the list is differentiated.

    ## Why it fails silently

    The tensors in the list hold the graphs that made them. Memory grows with every step, until an epoch that is long
    enough, or a history over all epochs, no longer fits; all numbers are right up to there.

    ## Example

    ```python
    import torch

    def train_epoch(model, criterion, optimizer, train_loader):
        model.train()
        losses = []
        for inputs, target in train_loader:
            loss = criterion(model(inputs), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss)
        return losses
    ```

    ## Instead

    ```python
    import torch

    def train_epoch(model, criterion, optimizer, train_loader):
        model.train()
        losses = []
        for inputs, target in train_loader:
            loss = criterion(model(inputs), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        return losses
    ```

    ## Fix safety

    `.detach()` is put behind what is appended. It is unsafe: somebody who gets the list may want to differentiate what
    is in it.

    ## Quiet when

    - what is appended is detached, a number, or was computed under `no_grad`,
    - what is made of the list is differentiated: returns in reinforcement learning, truncated backpropagation through
      time, the losses of several heads,
    - the list lives in one step or one `forward`.

    ## References

    - [PyTorch FAQ, "My model reports out of memory"](https://pytorch.org/docs/stable/notes/faq.html)
    - [Autograd mechanics, "How autograd encodes the history"](https://pytorch.org/docs/stable/notes/autograd.html)
    """

    code, name, severity = "NN219", "tensors-collected-with-graph", Severity.WARNING
    watches = GraphKept
    words = ("backward",)
    fix = Safety.UNSAFE

    def check(self, event: GraphKept) -> Iterator[Finding]:
        if event.kind == "list":
            yield self.finding(
                event,
                f"`{event.target}` collects tensors with their graphs, and nothing made of them is differentiated",
                advice="append `.item()`, or `.detach()` the tensor",
                fix=_detached(event),
            )


def _detached(event: GraphKept) -> Fix | None:
    if event.value is None:
        return None
    return Fix("detach it", Safety.UNSAFE, (Replace(event.value, (event.value, ".detach()")),))
