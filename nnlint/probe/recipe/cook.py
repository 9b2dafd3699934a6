"""The recipe within a run: who watches while the script runs, and what is judged when it has ended."""

from __future__ import annotations

import torch

from nnlint.probe.observers.base import Observer
from nnlint.probe.recipe.capture import Capture
from nnlint.probe.recipe.checks import run_checks
from nnlint.probe.recipe.statistics import Statistics
from nnlint.probe.run import Run


class Cook:
    """Sets up the checks of a run, and serves them at its end."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._capture, self._statistics = Capture(run), Statistics(run)
        self._seeded = False
        self._watch_seeds()

    @property
    def observers(self) -> list[Observer]:
        return [self._capture, self._statistics]

    def serve(self, seconds: float) -> None:
        """Run the checks and tell of each as soon as it is done; the script has ended."""
        self._run.muted += 1
        self._run.say("losses", values=self._statistics.losses, seeded=self._seeded)
        if seconds > 0:
            for check in run_checks(self._capture, self._statistics, seconds):
                self._run.say("check", **check.as_data())

    def _watch_seeds(self) -> None:
        """Whether the user's code seeds torch."""
        original = torch.manual_seed

        def manual_seed(seed: int) -> torch.Generator:
            self._seeded |= self._run.places.frame() is not None and not self._run.muted
            return original(seed)

        torch.manual_seed = torch.random.manual_seed = manual_seed
