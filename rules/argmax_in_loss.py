"""NN116: the loss is computed of a decision, through which no gradient flows."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, GraphCut, Rule, Severity, Step


class ArgmaxInLoss(Rule):
    """The loss is computed of an `argmax`, a rounding or a comparison, through which no gradient flows.

    ## What it does

    Follows the tensor on which `backward` is called back to the network, and reports the decision on the way:
    `argmax`, `round`, a comparison with a threshold, or a one-hot of one of them.

    ## Why it fails silently

    A decision does not change under a small change of the weights: its gradient is zero, or there is none. `round`
    passes zeros on and nothing is said. After an `argmax` or a comparison `backward` raises, unless something else in
    the loss has a graph, or somebody added `requires_grad_()`. The network before the decision never learns from it.

    ## Example

    ```python
    import torch
    from torch import nn
    from torch.nn import functional as F

    model, inputs, target = nn.Linear(8, 1), torch.randn(32, 8), torch.ones(32, 1)
    loss = F.l1_loss(torch.round(model(inputs)), target)
    loss.backward()
    ```

    ## Instead

    ```python
    import torch
    from torch import nn
    from torch.nn import functional as F

    model, inputs, target = nn.Linear(8, 1), torch.randn(32, 8), torch.ones(32, 1)
    loss = F.l1_loss(model(inputs), target)
    loss.backward()
    ```

    ## Fix safety

    There is no automatic fix. Computing the loss of the scores (or of their probabilities, as in a soft Dice
    loss) is the usual cure; where the decision itself is needed, a straight-through estimator or `gumbel_softmax` is.
    Both train another objective than the one that was written.

    ## Quiet when

    - the decision is for a metric, a log or the next input of a decoder,
    - it makes a target, a pseudo-label, a weight or an index by which differentiable values are picked,
    - a straight-through estimator passes the gradient by (`hard + soft - soft.detach()`,
      `gumbel_softmax(hard=True)`).

    ## References

    - [Gradients for non-differentiable functions](https://pytorch.org/docs/stable/notes/autograd.html)
    - [Bengio et al., Estimating or Propagating Gradients Through Stochastic Neurons](https://arxiv.org/abs/1308.3432)
    - [torch.nn.functional.gumbel_softmax](https://pytorch.org/docs/stable/generated/torch.nn.functional.gumbel_softmax.html)
    """

    code, name, severity = "NN116", "argmax-in-loss", Severity.ERROR
    watches = GraphCut
    words = ("backward",)

    def check(self, event: GraphCut) -> Iterator[Finding]:
        if event.operation == "detach" or not event.whole:
            return
        trail = [Step(event.place, f"no gradient flows through `{event.call}`")]
        if event.backward is not None:
            trail.append(Step(event.backward, "`backward` reaches no parameter from here"))
        yield self.finding(
            event,
            f"the loss is computed of `{event.call}`, through which no gradient flows",
            trail=tuple(trail),
            advice="compute the loss of the scores themselves",
        )
