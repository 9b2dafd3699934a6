"""NN222: a recurrent network whose gradients may explode."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, RecurrentNetTrained, Rule, Severity, Step


class RecurrentNetWithoutClipping(Rule):
    """An RNN, LSTM or GRU is trained without clipping its gradients.

    ## What it does

    Reports the step of an optimizer that holds a recurrent layer, or a cell that a loop applies again and again, when
    nothing between `backward` and the step bounds the gradients.

    ## Why it fails silently

    The gradient through many time steps is a long product. Mostly it is small; on some batch it is a thousand times
    larger than on all others, and that one step throws the weights far away. The loss jumps, recovers slowly or
    never, and the next run with another seed looks fine.

    ## Example

    ```python
    import torch
    from torch import nn

    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(8, 32, batch_first=True)
            self.out = nn.Linear(32, 5)

        def forward(self, sequence):
            return self.out(self.rnn(sequence)[0]).transpose(1, 2)

    def train(train_loader):
        model = Tagger()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for sequence, tags in train_loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(sequence), tags).backward()
            optimizer.step()
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(8, 32, batch_first=True)
            self.out = nn.Linear(32, 5)

        def forward(self, sequence):
            return self.out(self.rnn(sequence)[0]).transpose(1, 2)

    def train(train_loader):
        model = Tagger()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for sequence, tags in train_loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(sequence), tags).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
    ```

    ## Fix safety

    There is no automatic fix yet. `clip_grad_norm_` before the step changes only the steps whose gradient is larger
    than the bound; 1.0 is a usual bound, 5.0 a careful one.

    ## Quiet when

    - gradients are clipped by norm or by value, by a hook, by hand or by a framework,
    - the recurrent part is frozen, or only used for inference.

    ## References

    - [On the difficulty of training recurrent neural networks](https://arxiv.org/abs/1211.5063)
    - [clip_grad_norm_](https://pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html)
    """

    code, name, severity = "NN222", "recurrent-net-without-clipping", Severity.WARNING
    enabled = False
    watches = RecurrentNetTrained
    words = ("RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell")

    def check(self, event: RecurrentNetTrained) -> Iterator[Finding]:
        if event.bounded:
            return
        layer = f"`{event.layer_name[:30]}` ({event.layer})" if event.layer_name else event.layer
        made = (Step(event.layer_made, "the recurrent layer is made here"),) if event.layer_made is not None else ()
        yield self.finding(
            event,
            f"`{event.optimizer}` trains {layer}, and nothing clips the gradients",
            trail=(*made, Step(event.place, f"`{event.optimizer}` steps on gradients of any size")),
            advice="call `torch.nn.utils.clip_grad_norm_` between `backward` and the step",
        )
