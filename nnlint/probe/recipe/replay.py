"""Plays the first step again, when the script has ended: with the weights of the start, other inputs, another mode."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_map

from nnlint.probe.recipe.capture import Scene, tensors

SEED = 0
DROPPING = (
    nn.modules.dropout._DropoutNd,
    nn.RReLU,
)


class Unplayable(Exception):
    """The step can not be played again, for the reason in the message."""


class Replay:
    """The first step of a script, to be played again. What is played leaves nothing behind but the networks' state."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def rewind(self) -> None:
        """The networks' parameters and buffers as they were before the first step, their gradients cleared."""
        with torch.no_grad():
            for network, state in zip(self.scene.networks, self.scene.start, strict=True):
                own: dict[str, torch.Tensor] = dict(network.named_parameters(remove_duplicate=False))
                own |= dict(network.named_buffers(remove_duplicate=False))
                for name, value in state.items():
                    if name in own and own[name].shape == value.shape:
                        own[name].copy_(value)
                for parameter in network.parameters():
                    parameter.grad = None

    def parameters(self) -> list[nn.Parameter]:
        """What the first step could have changed."""
        return [each for network in self.scene.networks for each in network.parameters() if each.requires_grad]

    def play(self, change: Callable[[torch.Tensor], torch.Tensor] | None = None) -> tuple[torch.Tensor, list[Any]]:
        """The loss, and what each network returned. `change` is applied to floating-point inputs of networks."""
        scene, made = self.scene, dict[int, torch.Tensor]()
        outputs = []

        def present(value: Any) -> Any:
            return made.get(id(value), value) if isinstance(value, torch.Tensor) else value

        for entry in scene.tape:
            args, kwargs = tree_map(present, entry.args), tree_map(present, entry.kwargs)
            if entry.is_network and change is not None:
                kept = {id(each) for each in made.values()}

                def changed(value: Any, kept: set[int] = kept) -> Any:
                    given = isinstance(value, torch.Tensor) and id(value) not in kept
                    return change(value) if given and value.is_floating_point() else value

                args, kwargs = tree_map(changed, args), tree_map(changed, kwargs)
            result = entry.function(*args, **kwargs)
            if entry.is_network:
                outputs.append(result)
            before, after = tensors(entry.result), tensors(result)
            if len(before) != len(after):
                raise Unplayable("a network returned something else the second time")
            made.update((id(old), new) for old, new in zip(before, after, strict=True))
        loss = made.get(id(scene.loss))
        if loss is None or loss.numel() != 1:
            raise Unplayable("the loss is not made of what was kept")
        return loss.reshape(()), outputs

    @contextmanager
    def mode(self, training: bool, dropping: bool = False) -> Iterator[None]:
        """The networks in a mode, dropout off unless it is said to drop; afterwards in the modes in which they were."""
        modules = [module for network in self.scene.networks for module in network.modules()]
        before = [module.training for module in modules]
        try:
            for module in modules:
                module.training = training and (dropping or not isinstance(module, DROPPING))
                if isinstance(module, (nn.RNNBase, nn.MultiheadAttention)) and not dropping:
                    module.training = False if module.dropout else training
            yield
        finally:
            for module, training_before in zip(modules, before, strict=True):
                module.training = training_before

    def fit(
        self, lr: float, steps: int, seconds: float, change: Callable[[torch.Tensor], torch.Tensor] | None = None
    ) -> list[float]:
        """The losses of training on the one batch with Adam, from the start, with dropout off."""
        self.rewind()
        torch.manual_seed(SEED)
        optimizer = torch.optim.Adam(self.parameters(), lr=lr)
        until, losses = time.monotonic() + seconds, []
        with self.mode(training=True), torch.enable_grad():
            for _ in range(steps):
                loss, _ = self.play(change)
                losses.append(float(loss.detach()))
                optimizer.zero_grad()
                torch.autograd.backward(loss)
                optimizer.step()
                if time.monotonic() > until or losses[-1] != losses[-1]:
                    break
        return losses
