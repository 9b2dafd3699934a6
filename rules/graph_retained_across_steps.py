"""NN217: a graph is kept from one training step to the next."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, GraphRetained, RemoveArgument, Rule, Safety, Severity, Step


class GraphRetainedAcrossSteps(Rule):
    """The graph of one training step is kept for the next: `retain_graph=True`, or a state not detached.

    ## What it does

    Reports the `backward` in a loop that retains a graph which is not used again before the step, or that runs
    through a state (a recurrent one, a running mean) carried over from the iteration before without `detach`.

    ## Why it fails silently

    `retain_graph=True` is the usual answer to "trying to backward through the graph a second time". With a state
    carried over, each step then differentiates through all steps before it: time and memory grow until one of them
    runs out, and the gradients of old batches are added again and again.

    ## Example

    ```python
    import torch

    def train(head, criterion, batches):
        cell = torch.nn.Linear(40, 32)
        optimizer = torch.optim.Adam([*cell.parameters(), *head.parameters()], lr=1e-3)
        state = torch.zeros(16, 32)
        for inputs, target in batches:
            state = cell(torch.cat([inputs, state], dim=1)).tanh()
            loss = criterion(head(state), target)
            optimizer.zero_grad()
            loss.backward(retain_graph=True)
            optimizer.step()
    ```

    ## Instead

    ```python
    import torch

    def train(head, criterion, batches):
        cell = torch.nn.Linear(40, 32)
        optimizer = torch.optim.Adam([*cell.parameters(), *head.parameters()], lr=1e-3)
        state = torch.zeros(16, 32)
        for inputs, target in batches:
            state = cell(torch.cat([inputs, state.detach()], dim=1)).tanh()
            loss = criterion(head(state), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    ```

    ## Fix safety

    `retain_graph` is left out where nothing uses the graph again. It is unsafe: something that nnlint does not see may.
    There is none for what is carried over: where it is to be detached is a choice.

    ## Quiet when

    - several losses are differentiated on one graph, or a gradient is itself differentiated,
    - the graph spans a sequence whose end is the only step, and the state starts anew with the next,
    - the state that is carried over is detached.

    ## References

    - [torch.Tensor.backward](https://pytorch.org/docs/stable/generated/torch.Tensor.backward.html)
    - [Don't accumulate history across your training loop](https://pytorch.org/docs/stable/notes/faq.html)
    """

    code, name, severity = "NN217", "graph-retained-across-steps", Severity.WARNING
    watches = GraphRetained
    words = ("backward",)
    fix = Safety.UNSAFE

    def check(self, event: GraphRetained) -> Iterator[Finding]:
        if event.carried is not None:
            yield self.finding(
                event,
                f"`{event.call}` goes back into the graphs of earlier steps: the loss still hangs on them",
                trail=(Step(event.carried, "on the output of this forward pass, of an earlier step"),),
                advice="detach what is carried over from step to step",
            )
        else:
            yield self.finding(
                event,
                f"`{event.call}` retains a graph that nothing uses again",
                advice="leave `retain_graph` out",
                fix=Fix("leave `retain_graph` out", Safety.UNSAFE, (RemoveArgument(event.place, "retain_graph"),)),
            )
