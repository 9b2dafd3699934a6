"""NN601: the training loader reads its data in the same order every epoch."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Fix, LoaderMade, Role, Rule, Safety, SetArgument, Severity, Step


class UnshuffledTrainingData(Rule):
    """A network is trained with a loader that neither shuffles nor has a sampler.

    ## What it does

    Finds the loaders whose batches an optimizer learned from, and reports those that read an indexed dataset from
    front to back: without `shuffle=True`, without a sampler.

    ## Why it fails silently

    `shuffle` is off by default. Data are mostly stored in some order, by class, by date, by source: each batch is then
    of one kind, the steps pull in one direction after the other, and batch norms learn the statistics of what came
    last. The loss goes down all the same.

    ## Example

    ```python
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    def run(inputs, labels):
        loader = DataLoader(TensorDataset(inputs, labels), batch_size=64)
        model = torch.nn.Linear(8, 3)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for x, y in loader:
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
    ```

    ## Instead

    ```python
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    def run(inputs, labels):
        loader = DataLoader(TensorDataset(inputs, labels), batch_size=64, shuffle=True)
        model = torch.nn.Linear(8, 3)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for x, y in loader:
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
    ```

    ## Fix safety

    `shuffle=True` is set. It is safe where nothing is said of the order. It is unsafe where the code says
    `shuffle=False`: something may rely on the order of the training data. There is none for a call that makes the
    loaders of evaluations too.

    ## Quiet when

    - a sampler or a batch sampler decides the order, or the dataset draws its items at random itself,
    - the dataset is iterable: it has no index to shuffle,
    - the loader evaluates, or is only used to compute statistics or features,
    - a hidden state is carried from one batch to the next,
    - one batch holds the whole dataset.

    ## References

    - [torch.utils.data.DataLoader](https://pytorch.org/docs/stable/data.html#torch.utils.data.DataLoader)
    - [Bengio, Practical recommendations for gradient-based training of deep
      architectures](https://arxiv.org/abs/1206.5533)
    """

    code, name, severity = "NN601", "unshuffled-training-data", Severity.WARNING
    watches = LoaderMade
    words = ("DataLoader",)
    recipe = True
    fix = Safety.SAFE

    def check(self, event: LoaderMade) -> Iterator[Finding]:
        if event.shuffles is not False or not event.indexed or not event.trains:
            return
        if event.carries_state or event.role is Role.EVALUATION:
            return
        loader = f"`{event.loader[:40]}`" if event.loader else "this loader"
        trained = (Step(event.trained, "a network is trained with it here"),) if event.trained is not None else ()
        yield self.finding(
            event,
            f"{loader} trains a network with the data in the same order every epoch",
            trail=(Step(event.place, "made without `shuffle=True` and without a sampler"), *trained),
            advice="pass `shuffle=True`, or a sampler",
            fix=_shuffled(event),
        )


def _shuffled(event: LoaderMade) -> Fix | None:
    if event.shared is not False or event.order_said is None:
        return None
    safety = Safety.UNSAFE if event.order_said else Safety.SAFE
    return Fix("pass `shuffle=True`", safety, (SetArgument(event.place, "shuffle", ("True",), 2),))
