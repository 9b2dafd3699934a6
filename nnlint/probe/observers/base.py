"""What an observer may watch. Each method does nothing here; hooks call only those that an observer overrides."""

from __future__ import annotations

from typing import Any, ClassVar

import torch

from nnlint.probe.run import Backward, Call, Pass, Run


class Observer:
    """Watches one family of events in a run, and says of each what it measured.

    `decides` are the rules for which its events are evidence, whether they took place or not. `operations` are those of
    `knowledge.operations`, or torch's dotted names, whose calls it wants to see; `"*"` stands for all, `"*_"` for those
    that write into their first argument.
    An observer never changes what the script computes: what it runs itself, it runs in `run.quietly()` and on copies.
    """

    decides: ClassVar[tuple[str, ...]] = ()
    operations: ClassVar[frozenset[str]] = frozenset()
    operations_before: ClassVar[frozenset[str] | None] = None  # those that `calling` wants to see, if not the same

    def __init__(self, run: Run) -> None:
        self.run = run

    def calling(self, call: Call) -> None:
        """A torch function is about to run (in-place ones still find their arguments as they were)."""

    def called(self, call: Call) -> None:
        """A torch function has run."""

    def module_made(self, module: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """The constructor of a module has run; the frame that called it is on the stack."""

    def attribute_set(self, module: torch.nn.Module, name: str, value: object) -> None:
        """An attribute of a module is about to be set."""

    def mode_set(self, module: torch.nn.Module, training: bool) -> None:
        """`train()` or `eval()` was called on a module by the user's code, not on its parent."""

    def weights_loaded(self, module: torch.nn.Module) -> None:
        """`load_state_dict` has run on a module."""

    def entering(self, visit: Pass) -> None:
        """A module is about to run."""

    def left(self, visit: Pass) -> None:
        """A module has run."""

    def transformed(self, transform: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """A transform of torchvision has run outside of any network; `entering` and `left` are not told of it."""

    def differentiating(self, backward: Backward) -> None:
        """`backward` is about to run; its graph has been walked."""

    def differentiated(self, backward: Backward) -> None:
        """`backward` has run."""

    def failed(self, backward: Backward, error: Exception) -> None:
        """`backward` has raised an error, which goes on to the script."""

    def derived(self, backward: Backward) -> None:
        """`torch.autograd.grad` is about to run; its graph has been walked."""

    def optimizer_made(self, optimizer: torch.optim.Optimizer) -> None:
        """The constructor of an optimizer has run."""

    def stepping(self, optimizer: torch.optim.Optimizer) -> None:
        """An optimizer is about to step."""

    def stepped(self, optimizer: torch.optim.Optimizer) -> None:
        """An optimizer has taken its step."""

    def clearing(self, owner: torch.optim.Optimizer | torch.nn.Module) -> None:
        """`zero_grad` of an optimizer or a module is about to run."""

    def scheduler_made(self, scheduler: Any) -> None:
        """The constructor of a learning-rate scheduler has run."""

    def scheduler_stepped(self, scheduler: Any) -> None:
        """A learning-rate scheduler has been stepped, by the user's code."""

    def dataset_made(self, dataset: torch.utils.data.Dataset[Any]) -> None:
        """The constructor of a dataset has run; the frame that called it is on the stack."""

    def loader_made(self, loader: torch.utils.data.DataLoader[Any]) -> None:
        """The constructor of a data loader has run."""

    def loader_starts(self, loader: torch.utils.data.DataLoader[Any]) -> None:
        """A pass over a data loader begins."""

    def batch_loaded(self, loader: torch.utils.data.DataLoader[Any], indices: object, batch: Any) -> None:
        """A data loader has given a batch, of the items with these indices (None where it has none)."""

    def loader_ends(self, loader: torch.utils.data.DataLoader[Any]) -> None:
        """A pass over a data loader has come to its end."""

    def thrown(self, value: object) -> None:
        """The value of a statement that is an expression was thrown away; the user's frame is at the expression."""

    def collected(self, container: object, values: tuple[object, ...]) -> None:
        """A statement such as `container.append(value)` has put values into a container."""

    def ended(self) -> None:
        """The script has ended, or was stopped (`run.completed` tells): the last chance to say something."""
