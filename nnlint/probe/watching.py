"""The probe for Python: what happens within a block of training code, seen in the process that runs it.

    from nnlint import probe

    def test_training_is_sound():
        with probe.watch() as run:
            train(model, loader)
        assert not run.findings

Unlike `nnlint probe` it neither restricts the process nor cuts loops short: the code in the block runs as it is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnlint.config import Settings
from nnlint.finding import Finding
from nnlint.probe import verdicts
from nnlint.probe.limits import Limits, Request
from nnlint.probe.recipe.result import Check
from nnlint.probe.session import Testimony
from nnlint.program.project import find_root

if TYPE_CHECKING:
    import torch

UNLIMITED = 1 << 60  # steps


class Watch:
    """What was seen within a block; complete when the block has ended."""

    def __init__(self, request: Request, codes: Sequence[str]) -> None:
        self._testimony = Testimony(request)
        self._codes = codes

    @property
    def findings(self) -> list[Finding]:
        """What the rules say of the events that took place, one for each rule and place."""
        seen = verdicts.judge(self._testimony, self._codes)
        return [each.finding for each in seen if each.sighting.alone]

    def check_recipe(
        self,
        model: torch.nn.Module,
        batch: tuple[Any, ...],
        loss: Callable[..., torch.Tensor],
        seconds: float = 60.0,
    ) -> list[Check]:
        """The checks of the recipe on a model and one batch: `loss(model(*inputs), target)`, the target last.

        The model is left as it was found.
        """
        from nnlint.probe.recipe.direct import check_model

        return check_model(model, batch, loss, seconds)


@contextmanager
def watch(select: Sequence[str] = ("default",), root: str | os.PathLike[str] | None = None) -> Iterator[Watch]:
    """Watch the training code in the block. `select` names rules as the command line does.

    `root` is the folder of the code whose places are told, by default the project that the working folder belongs to.
    Raises `nnlint.catalog.UnknownRule`.
    """
    from nnlint.probe import eyes

    folder = str(root if root is not None else find_root(Path.cwd()))
    request = Request("", folder=os.getcwd(), root=folder, limits=Limits(steps=UNLIMITED))
    watching = Watch(request, sorted(Settings(select=tuple(select)).codes()))
    with eyes.open_for(request, lambda line: watching._testimony.hear(line)):
        yield watching
