"""NN609: the score on the test set decides which model is kept."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Outcome, Rule, ScoreDecided, Severity, Split, Step

_ADVICE = {
    Outcome.KEPT: "choose the model by a validation set split off the training data, and test it once",
    Outcome.STOPPED: "stop by a validation set split off the training data, and test once",
    Outcome.SCHEDULED: "step the scheduler by a validation set split off the training data, and test once",
}


class TestSetSelectsModel(Rule):
    """The test set decides which checkpoint is kept, when training stops, or the learning rate.

    ## What it does

    Follows scores from the data that they were taken on to the branches that they decide. Reports a branch in a
    training loop that saves the network or stops the training by a score on the test set, and a scheduler that is
    stepped by one.

    ## Why it fails silently

    The best of a hundred epochs on the test set is best there partly by luck. The number that is reported is the
    maximum over all of them: it is too high, it is higher the longer the search, and it compares with nobody's.

    ## Example

    ```python
    import torch
    from torch.utils.data import DataLoader
    from torchvision.datasets import CIFAR10

    def run(model, train_epoch, accuracy, epochs):
        train_loader = DataLoader(CIFAR10("data", train=True), batch_size=64, shuffle=True)
        test_loader = DataLoader(CIFAR10("data", train=False), batch_size=64)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        best = 0.0
        for epoch in range(epochs):
            model.train()
            for x, y in train_loader:
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
            score = accuracy(model, list(test_loader))
            if score > best:
                best = score
                torch.save(model.state_dict(), "best.pt")
    ```

    ## Instead

    ```python
    import torch
    from torch.utils.data import DataLoader, random_split
    from torchvision.datasets import CIFAR10

    def run(model, train_epoch, accuracy, epochs):
        train_set, val_set = random_split(CIFAR10("data", train=True), [45000, 5000])
        train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
        val_loader = DataLoader(val_set, batch_size=64)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        best = 0.0
        for epoch in range(epochs):
            model.train()
            for x, y in train_loader:
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
            score = accuracy(model, list(val_loader))
            if score > best:
                best = score
                torch.save(model.state_dict(), "best.pt")
    ```

    ## Fix safety

    There is no automatic fix yet. Splitting a validation set off the training data changes what is trained on; it is
    the price of a test score that means something.

    ## Quiet when

    - the data are split off the training data, whatever they are called, or were made as a validation split,
    - the test score is only reported, or remembered at the best validation epoch,
    - the best test score is remembered, but no network is kept for it.

    ## References

    - [Hastie, Tibshirani, Friedman, The elements of statistical learning, chapter
      7](https://hastie.su.domains/ElemStatLearn/)
    - [scikit-learn, Common pitfalls](https://scikit-learn.org/stable/common_pitfalls.html)
    """

    code, name, severity = "NN609", "test-set-selects-model", Severity.WARNING
    watches = ScoreDecided
    words = ("test", "train", "torchvision")
    recipe = True

    def check(self, event: ScoreDecided) -> Iterator[Finding]:
        if event.split is not Split.TEST:
            return
        yield self.finding(
            event,
            f"the test set `{event.data[:30]}` decides {event.outcome.value}: `{event.score}`",
            trail=(*event.trail, Step(event.place, f"a score on it decides {event.outcome.value}")),
            advice=_ADVICE[event.outcome],
        )
