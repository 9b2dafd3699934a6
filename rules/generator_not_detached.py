"""NN221: gradients of the discriminator's loss end up in the generator's step."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import BackwardRan, Finding, Fix, Rule, Safety, Severity, Step


class GeneratorNotDetached(Rule):
    """The discriminator's loss leaves gradients in the generator, which then steps with them.

    ## What it does

    Follows the samples from the generator into the discriminator's loss, and reports the `backward` of that loss when
    it reaches the generator and nothing clears its gradients before its own step; also when the optimizers are mixed
    up and each clears the other's gradients.

    ## Why it fails silently

    The generator adds the gradient that makes its samples easier to tell apart to the one that makes them harder.
    Both losses go on moving, as they always do in a GAN; the samples stay bad.

    ## Example

    ```python
    import torch
    from torch import nn
    from torch.nn.functional import softplus

    def train(loader):
        generator = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2), nn.Tanh())
        critic = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 1))
        optimizer_g = torch.optim.Adam(generator.parameters(), lr=1e-4)
        optimizer_c = torch.optim.Adam(critic.parameters(), lr=1e-4)
        for (real,) in loader:
            optimizer_g.zero_grad()
            optimizer_c.zero_grad()
            fake = generator(torch.randn(len(real), 8))
            loss_c = softplus(critic(fake)).mean() + softplus(-critic(real)).mean()
            loss_c.backward()
            optimizer_c.step()
            loss_g = softplus(-critic(generator(torch.randn(len(real), 8)))).mean()
            loss_g.backward()
            optimizer_g.step()
    ```

    ## Instead

    ```python
    import torch
    from torch import nn
    from torch.nn.functional import softplus

    def train(loader):
        generator = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2), nn.Tanh())
        critic = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 1))
        optimizer_g = torch.optim.Adam(generator.parameters(), lr=1e-4)
        optimizer_c = torch.optim.Adam(critic.parameters(), lr=1e-4)
        for (real,) in loader:
            optimizer_g.zero_grad()
            optimizer_c.zero_grad()
            fake = generator(torch.randn(len(real), 8)).detach()
            loss_c = softplus(critic(fake)).mean() + softplus(-critic(real)).mean()
            loss_c.backward()
            optimizer_c.step()
            loss_g = softplus(-critic(generator(torch.randn(len(real), 8)))).mean()
            loss_g.backward()
            optimizer_g.step()
    ```

    ## Fix safety

    The gradients that the other network's loss left are cleared before the network's own `backward`. It is unsafe:
    gradients that are accumulated on purpose would be lost.

    ## Quiet when

    - the samples are detached, made under `no_grad`, or come from a buffer,
    - the generator's gradients are cleared before its own `backward` (the detour only costs time).

    ## References

    - [DCGAN tutorial](https://pytorch.org/tutorials/beginner/dcgan_faces_tutorial.html)
    """

    code, name, severity = "NN221", "generator-not-detached", Severity.ERROR
    watches = BackwardRan
    words = ("backward",)
    fix = Safety.UNSAFE

    def check(self, event: BackwardRan) -> Iterator[Finding]:
        if event.leak is not None:
            first, second = event.mixed
            yield self.finding(
                event,
                f"gradients of both adversaries pile up where `{event.optimizer}` steps on them",
                trail=(
                    Step(first, "the other network's loss is differentiated through this one"),
                    Step(second, "its own loss adds to the gradients that were left, and that nothing clears"),
                    Step(event.leak, f"`{event.optimizer}` steps on both"),
                ),
                advice=f"detach the samples, or clear the gradients of `{event.optimizer}` before its own `backward`",
                fix=_cleared(event),
            )


def _cleared(event: BackwardRan) -> Fix | None:
    if event.clear is None:
        return None
    call = f"{event.clear.name}.zero_grad()"
    return Fix(f"call `{call}` before its own `backward`", Safety.UNSAFE, (event.clear.insert(call),))
