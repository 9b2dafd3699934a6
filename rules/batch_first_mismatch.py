"""NN403: batch and time change places at a recurrent or attention layer."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, RemoveArgument, Replace, Rule, Safety, SequenceRead, SetArgument, Severity, Step


class BatchFirstMismatch(Rule):
    """Batch-first data goes into a layer that expects time first, or the reverse.

    ## What it does

    Compares the order of the dimensions that reach `LSTM`, `GRU`, `RNN`, `MultiheadAttention` and the `Transformer`
    layers with their `batch_first`, and the way their output is indexed (`out[:, -1]`, `out[-1]`) with both.

    ## Why it fails silently

    Both orders are three-dimensional tensors, so every shape fits. The layer walks over the samples of the batch as
    if they were the steps of one sequence: each output depends on other samples, and on their order.

    ## Example

    ```python
    import torch
    from torch import nn

    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(8, 32)
            self.fc = nn.Linear(32, 5)

        def forward(self, x):
            out, _ = self.lstm(x)
            return self.fc(out[:, -1])

    print(Classifier()(torch.randn(16, 100, 8)).shape)
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(8, 32, batch_first=True)
            self.fc = nn.Linear(32, 5)

        def forward(self, x):
            out, _ = self.lstm(x)
            return self.fc(out[:, -1])

    print(Classifier()(torch.randn(16, 100, 8)).shape)
    ```

    ## Fix safety

    Safe where the batch is known: the layer gets the `batch_first` of its data, and weights and checkpoints keep their
    shapes; hidden states are [layers, batch, features] either way. Unsafe where only the way in which the output is
    read tells, and where that is what changes, `out[:, -1]` for `out[-1]`.

    ## Quiet when

    - the data is permuted or transposed before the layer, or is made time-first,
    - a packed sequence goes in, which knows its own order,
    - the order of the dimensions is not known.

    ## References

    - [torch.nn.LSTM](https://pytorch.org/docs/stable/generated/torch.nn.LSTM.html)
    - [torch.nn.MultiheadAttention](https://pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html)
    """

    code, name, severity = "NN403", "batch-first-mismatch", Severity.ERROR
    watches = SequenceRead
    fix = Safety.SAFE
    words = (
        "GRU",
        "LSTM",
        "MultiheadAttention",
        "RNN",
        "Transformer",
        "TransformerDecoder",
        "TransformerDecoderLayer",
        "TransformerEncoder",
        "TransformerEncoderLayer",
    )

    def check(self, event: SequenceRead) -> Iterator[Finding]:
        takes = ("the first", "the second")[not event.batch_first]
        built = f"{event.layer.named} takes {takes} dimension for the batch"
        trail = (Step(event.read, f"`{event.reading}` reads it otherwise"),) if event.read is not None else ()
        advice = "build the layer with the `batch_first` of its data, or transpose the first two dimensions"
        if event.batch is not None and (event.batch == 0) is not event.batch_first:
            safety = Safety.SAFE if event.time in (None, 1 - event.batch) else None
            message = f"{built}, and the batch is the other one"
            yield self.finding(event, message, trail=trail, advice=advice, fix=_other_order(event, safety))
        elif event.time is None or event.read is None or event.time == int(event.batch_first):
            return
        elif event.batch is None and not event.batch_first:
            message = f"{built}, but `{event.reading}` takes that for time"
            yield self.finding(event, message, trail=trail, advice=advice, fix=_other_order(event, Safety.UNSAFE))
        else:
            yield self.finding(
                event,
                f"`{event.reading}` reads samples for steps: {built}",
                place=event.read,
                trail=(Step(event.place, "the layer runs here"),),
                advice=advice,
                fix=_other_reading(event),
            )


def _other_order(event: SequenceRead, safety: Safety | None) -> Fix | None:
    if event.ordered is None or safety is None:
        return None
    if event.batch_first:
        return Fix("build the layer time-first", safety, (RemoveArgument(event.ordered, "batch_first"),))
    return Fix("build the layer batch-first", safety, (SetArgument(event.ordered, "batch_first", ("True",)),))


def _other_reading(event: SequenceRead) -> Fix | None:
    """`out[:, -1]` for the `out[-1]` of a batch-first layer, and the reverse."""
    if event.read is None or event.returned is None or not event.reading.endswith(("[-1]", "[:, -1]", "[:, -1, :]")):
        return None
    code = (event.returned, "[:, -1]" if event.batch_first else "[-1]")
    return Fix("take the last step of each sample", Safety.UNSAFE, (Replace(event.read, code),))
