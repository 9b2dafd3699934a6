"""Which parameters are to learn, and which of them got a gradient."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from typing import Any

import torch

from nnlint.probe import graphs
from nnlint.probe.run import Backward, Run
from nnlint.source import Place
from nnlint.values import Layer


class Learners:
    """What is known of each parameter, by a number of its own: what a function trains is gone when the script ends."""

    def __init__(self, run: Run) -> None:
        self.lessons = 0
        self._book = run.book
        self._numbers: dict[int, tuple[weakref.ref[torch.Tensor], int]] = {}
        self._next = 0
        self._latest: tuple[Backward, list[torch.Tensor]] | None = None
        self._modules: dict[int, weakref.ref[torch.nn.Module]] = {}  # not by hash: some can not be hashed
        self._held: set[int] = set()
        self._stepped: set[int] = set()
        self._taught: set[int] = set()
        self._loaded: set[int] = set()

    def number(self, parameter: torch.Tensor) -> int:
        entry = self._numbers.get(id(parameter))
        if entry is not None and entry[0]() is parameter:
            return entry[1]
        self._next += 1
        self._numbers[id(parameter)] = weakref.ref(parameter), self._next
        return self._next

    def module_made(self, module: torch.nn.Module) -> None:
        if not isinstance(module, torch.jit.ScriptModule):
            self._modules[id(module)] = weakref.ref(module)

    def made(self, optimizer: torch.optim.Optimizer) -> None:
        self._held |= self._of(optimizer)

    def stepped(self, optimizer: torch.optim.Optimizer) -> None:
        self._stepped |= self._of(optimizer)

    def loaded(self, module: torch.nn.Module) -> None:
        """Weights that were loaded may be meant to stay as they are."""
        self._loaded |= {self.number(parameter) for parameter in module.parameters()}

    def taught(self, backward: Backward) -> None:
        """`backward` brings gradients to leaves."""
        self.lessons += 1
        self._taught |= {self.number(leaf) for leaf in self.leaves(backward)}

    def leaves(self, backward: Backward) -> list[torch.Tensor]:
        """The leaves to which a backward pass brings gradients that are not zero by the kind of its graph."""
        if self._latest is None or self._latest[0] is not backward:
            self._latest = backward, list(graphs.leaves(backward.roots))
        return self._latest[1]

    def forget(self) -> None:
        """The backward pass is over."""
        self._latest = None

    def holds(self, leaf: torch.Tensor) -> bool:
        """Whether an optimizer holds a tensor."""
        return self.is_held(self.number(leaf))

    def is_held(self, number: int) -> bool:
        return number in self._held or number in self._stepped

    def was_taught(self, number: int) -> bool:
        return number in self._taught

    def was_loaded(self, number: int) -> bool:
        return number in self._loaded

    def starved(self, numbers: Iterable[int]) -> list[int]:
        """Those that an optimizer with which the script steps holds, and that never got a gradient."""
        return [each for each in numbers if each in self._stepped and each not in self._taught | self._loaded]

    def layers(self, parameters: Mapping[int, torch.Tensor], place: Place) -> dict[int, Layer]:
        """The layers whose own the parameters are, by number; what a library made is said to be made at `place`."""
        wanted = {id(parameter): number for number, parameter in parameters.items()}
        found: dict[int, Layer] = {}
        for reference in list(self._modules.values()) if wanted else ():
            module = reference()
            if module is None:
                continue
            own = [wanted[id(each)] for each in module._parameters.values() if id(each) in wanted]
            if own:
                name = type(module).__name__
                layer = self._book.layer(module) or Layer(name, name, place)
                found.update(dict.fromkeys(own, layer))
        return found

    def can_learn(self, leaf: torch.Tensor) -> bool:
        """Whether a leaf that gets a gradient is more than a number that asks for one, as a loss made anew does."""
        return leaf.numel() > 1 or isinstance(leaf, torch.nn.Parameter) or self.holds(leaf)

    def _of(self, optimizer: Any) -> set[int]:
        return {self.number(each) for group in optimizer.param_groups for each in group["params"]}


def learners_of(run: Run) -> Learners:
    """The parameters of a run, which its observers share."""
    if run not in _LEARNERS:
        _LEARNERS[run] = Learners(run)
    return _LEARNERS[run]


_LEARNERS: weakref.WeakKeyDictionary[Run, Learners] = weakref.WeakKeyDictionary()
