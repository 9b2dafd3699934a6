"""NN218: a running total of losses that are still tied to their graphs."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, GraphKept, Replace, Rule, Safety, Severity


class LossAccumulatedWithGraph(Rule):
    """A running total adds up losses that hang on their graphs, and so keeps the graph of every batch alive.

    ## What it does

    Follows what a loop adds to a total, and reports the addition when what is added hangs on the graph, the total lives
    on into the next pass, and nobody differentiates it.

    ## Why it fails silently

    The numbers are right. But the total is the end of a graph that grows with every batch: memory climbs, and an epoch
    that is long enough ends out of memory, far from the line that is to blame. A `backward` of the single losses frees
    only what their layers saved, not the graphs.

    ## Example

    ```python
    import torch

    def train_epoch(model, criterion, optimizer, train_loader):
        model.train()
        total = 0.0
        for inputs, target in train_loader:
            loss = criterion(model(inputs), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss
        print("sum of losses", total)
    ```

    ## Instead

    ```python
    import torch

    def train_epoch(model, criterion, optimizer, train_loader):
        model.train()
        total = 0.0
        for inputs, target in train_loader:
            loss = criterion(model(inputs), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.detach()
        print("sum of losses", total)
    ```

    ## Fix safety

    `.detach()` is put behind what is added. It is safe: the numbers are the same, and nothing differentiates the sum.
    (`.item()` would do as well, but what is done with the sum later may need a tensor.)

    ## Quiet when

    - a number or a detached tensor is added: `.item()`, `float(loss)`, `.detach()`, `.data`,
    - the loss is computed under `no_grad` or `inference_mode`,
    - the sum is differentiated: several losses of one batch, the moments of a sequence, batches of one step,
    - the total begins anew in each pass.

    ## References

    - [PyTorch FAQ, "My model reports out of memory"](https://pytorch.org/docs/stable/notes/faq.html)
    """

    code, name, severity = "NN218", "loss-accumulated-with-graph", Severity.WARNING
    watches = GraphKept
    words = ("backward",)
    fix = Safety.SAFE

    def check(self, event: GraphKept) -> Iterator[Finding]:
        if event.kind == "sum":
            yield self.finding(
                event,
                f"`{event.target}` adds up tensors with their graphs, and is never differentiated",
                advice="add `.item()`, or a detached tensor",
                fix=_detached(event),
            )


def _detached(event: GraphKept) -> Fix | None:
    if event.value is None:
        return None
    return Fix("detach it", Safety.SAFE, (Replace(event.value, (event.value, ".detach()")),))
