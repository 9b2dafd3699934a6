"""Whether the samples of a batch are independent: by gradients of what one sample gets by the input of the others."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from nnlint.probe.recipe.capture import Scene, tensors
from nnlint.probe.recipe.replay import Replay
from nnlint.probe.recipe.result import FAILED, PASSED, UNDECIDED, Check

MOST_ROWS = 12  # of the matrix that is measured; the first, the last and those between
MIXED = 1e-6
"""The largest gradient across samples, relative to that within one, that is 0 but for rounding in single precision."""
_NORMS = (nn.modules.batchnorm._NormBase,)
NAME = "samples independent"


def check(scene: Scene, replay: Replay) -> Check:
    """A random projection of the output of sample i is differentiated by the input of sample j, norms in evaluation.

    `out[i].sum()` would not do: it is constant behind a softmax.
    """
    entry = next(each for each in scene.tape if each.is_network)
    network: Any = entry.function
    given, size = _given(entry.args, entry.kwargs)
    if given is not None and scene.batch not in (None, size):
        return Check(NAME, UNDECIDED, f"the samples, {scene.batch} at once, do not lie in the first dimension")
    if given is None or size < 2:
        return Check(NAME, UNDECIDED, "the network takes no batch of several samples")
    replay.rewind()
    watched = _Watched(network, given)
    with replay.mode(training=False), torch.enable_grad():
        output = watched.run(entry.args, entry.kwargs)
        outputs = [each for each in tensors(output) if each.is_floating_point() and each.dim() and each.requires_grad]
        outputs = [each for each in outputs if each.shape[0] == size]
        if not outputs or watched.leaf is None:
            return Check(NAME, UNDECIDED, "what it returns has no dimension for the samples")
        matrix = _matrix(outputs[0], watched.leaf, size)
    if matrix is None:
        return Check(NAME, UNDECIDED, "no gradient reaches the input")
    rows, values = matrix
    within = values.diagonal().max()
    across = (values - torch.diag(values.diagonal())).max()
    share = float(across / within) if within > 0 else 0.0
    plot = {"matrix": values.tolist(), "rows": rows}
    measured = {"across": float(across), "within": float(within)}
    if within == 0:
        return Check(NAME, UNDECIDED, "what a sample gets does not depend on its own input", measured, plot=plot)
    told = f"the gradient across samples is {share:.1e} of that within one"
    if share <= MIXED:
        return Check(NAME, PASSED, told, measured, plot=plot)
    advice = "look for a view that stands for a transpose, a softmax or norm over the batch, batch_first"
    return Check(NAME, FAILED, told, measured, advice, plot)


class _Watched:
    """A network whose input gets gradients: the input itself, or, where that is token ids, what an embedding makes."""

    def __init__(self, network: nn.Module, given: torch.Tensor) -> None:
        self._network, self._given = network, given
        self.leaf: torch.Tensor | None = None

    def run(self, args: Any, kwargs: Any) -> Any:
        if self._given.is_floating_point():
            leaf = self.leaf = self._given.detach().clone().requires_grad_()
            args = tuple(leaf if each is self._given else each for each in args)
            kwargs = {name: leaf if each is self._given else each for name, each in kwargs.items()}
            return self._network(*args, **kwargs)
        handles = [
            module.register_forward_hook(self._embedded)
            for module in self._network.modules()
            if isinstance(module, nn.Embedding)
        ]
        try:
            return self._network(*args, **kwargs)
        finally:
            for handle in handles:
                handle.remove()

    def _embedded(self, module: nn.Module, args: Any, output: torch.Tensor) -> torch.Tensor | None:
        if self.leaf is not None or not args or args[0].shape[:1] != self._given.shape[:1]:
            return None
        self.leaf = output.detach().clone().requires_grad_()
        return self.leaf


def _given(args: Any, kwargs: Any) -> tuple[torch.Tensor | None, int]:
    """The input that holds the samples: the first tensor, and how many samples it has."""
    for each in (*args, *kwargs.values()):
        if isinstance(each, torch.Tensor) and each.dim() > 0:
            return each, each.shape[0]
    return None, 0


def _matrix(output: torch.Tensor, leaf: torch.Tensor, size: int) -> tuple[list[int], torch.Tensor] | None:
    """For some samples i and j: the largest gradient of what i gets by the input of j."""
    rows = sorted({round(each * (size - 1) / (MOST_ROWS - 1)) for each in range(MOST_ROWS)})
    generator = torch.Generator(device="cpu").manual_seed(0)
    found = []
    for row in rows:
        direction = torch.randn(output[row].shape, generator=generator).to(output)
        (gradient,) = torch.autograd.grad((output[row] * direction).sum(), leaf, retain_graph=True, allow_unused=True)
        if gradient is None:
            return None
        found.append(gradient.abs().flatten(1).max(dim=1).values[rows])
    return rows, torch.stack(found).float().cpu()
