"""NN305: a forward pass of training runs without gradients."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Rule, Severity, Step, UngradedPass


class TrainingWithoutGradients(Rule):
    """A network that an optimizer holds computes its part of the loss under `no_grad`, and never learns.

    ## What it does

    Follows `no_grad`, `inference_mode` and `set_grad_enabled`, as contexts, decorators and statements, and reports a
    forward pass of training that runs under them, of the whole network or of a part that an optimizer updates.

    ## Why it fails silently

    If the whole network runs so, `backward` raises. If only a part does, the rest gets gradients and the loss falls;
    the part stays at its random weights. `optimizer.step()` passes over parameters without gradients in silence.

    ## Example

    ```python
    import torch

    def train(encoder, head, criterion, train_loader):
        optimizer = torch.optim.Adam([*encoder.parameters(), *head.parameters()], lr=1e-3)
        for inputs, target in train_loader:
            with torch.no_grad():
                features = encoder(inputs)
            optimizer.zero_grad()
            criterion(head(features), target).backward()
            optimizer.step()
    ```

    ## Instead

    ```python
    import torch

    def train(encoder, head, criterion, train_loader):
        optimizer = torch.optim.Adam([*encoder.parameters(), *head.parameters()], lr=1e-3)
        for inputs, target in train_loader:
            features = encoder(inputs)
            optimizer.zero_grad()
            criterion(head(features), target).backward()
            optimizer.step()
    ```

    ## Fix safety

    There is no automatic fix yet. Taking the forward pass out of `no_grad` makes the part learn, and costs memory and
    time; if the part is not meant to learn, leave its parameters out of the optimizer.

    ## Quiet when

    - the part is frozen by `requires_grad`, or no optimizer holds it (a teacher, a target network, features),
    - its weights were loaded: pretrained features are often read so,
    - the pass makes targets, samples or a score, and the loss is computed from another pass.

    ## References

    - [Locally disabling gradient computation](https://pytorch.org/docs/stable/notes/autograd.html)
    - [torch.no_grad](https://pytorch.org/docs/stable/generated/torch.no_grad.html)
    """

    code, name, severity = "NN305", "training-without-gradients", Severity.ERROR
    watches = UngradedPass
    words = ("inference_mode", "no_grad", "set_grad_enabled")

    def check(self, event: UngradedPass) -> Iterator[Finding]:
        if event.whole:
            message = f"`{event.module}` runs without gradients in training: `backward` finds nothing to differentiate"
        else:
            message = f"`{event.module}` runs without gradients in training: its parameters never get any"
        yield self.finding(
            event,
            message,
            trail=(Step(event.place, "gradients are off here, and the loss that is differentiated is made of this"),),
            advice="take the forward pass of training out of `no_grad`, or leave its parameters out of the optimizer",
        )
