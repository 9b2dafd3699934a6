"""NN307: attention drops in evaluation too."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import DropoutRan, Finding, Fix, Replace, Rule, Safety, Severity, Step


class AttentionDropoutAlwaysOn(Rule):
    """`scaled_dot_product_attention` is given a dropout rate that `self.training` does not gate.

    ## What it does

    Reports calls of `scaled_dot_product_attention` in a module whose `dropout_p` is a rate above 0 in evaluation mode
    as well.

    ## Why it fails silently

    The function has no mode: it drops whenever `dropout_p` is above 0, and `model.eval()` can not tell it. Scores on
    validation data are worse by some noise, and the deployed network gives another answer to the same input each
    time.

    ## Example

    ```python
    import torch
    from torch import nn
    import torch.nn.functional as F

    class Attention(nn.Module):
        def __init__(self, p=0.1):
            super().__init__()
            self.p = p

        def forward(self, query, key, value):
            return F.scaled_dot_product_attention(query, key, value, dropout_p=self.p)

    print(Attention()(*torch.randn(3, 2, 4, 10, 8)).shape)
    ```

    ## Instead

    ```python
    import torch
    from torch import nn
    import torch.nn.functional as F

    class Attention(nn.Module):
        def __init__(self, p=0.1):
            super().__init__()
            self.p = p

        def forward(self, query, key, value):
            dropout = self.p if self.training else 0.0
            return F.scaled_dot_product_attention(query, key, value, dropout_p=dropout)

    print(Attention()(*torch.randn(3, 2, 4, 10, 8)).shape)
    ```

    ## Fix safety

    `dropout_p` gets its value in training mode only. It is safe: nothing changes in training mode. There is none
    outside of the network's own methods.

    ## Quiet when

    - `self.training` gates the rate, at the call or where the variable is set,
    - the rate is 0.0, or not given.

    ## References

    - [SDPA](https://pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html)
    """

    code, name, severity = "NN307", "attention-dropout-always-on", Severity.ERROR
    watches = DropoutRan
    words = ("scaled_dot_product_attention",)
    fix = Safety.SAFE

    def check(self, event: DropoutRan) -> Iterator[Finding]:
        if not event.attention:
            return
        yield self.finding(
            event,
            "attention weights are dropped in evaluation mode too: `dropout_p` does not ask for the mode",
            trail=(Step(event.place, f"`{event.module}` comes here with the same rate in evaluation mode"),),
            advice="pass `dropout_p=p if self.training else 0.0`",
            fix=_asking(event),
        )


def _asking(event: DropoutRan) -> Fix | None:
    if not event.receiver or event.rate is None:
        return None
    change = Replace(event.rate, (event.rate, f" if {event.receiver}.training else 0.0"))
    return Fix("ask for the mode", Safety.SAFE, (change,))
