"""What `--verbose` tells on standard error: the settings, the files, and which of them take time."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnlint.config import SettingsOf

SLOWEST = 5


class Stopwatch:
    """Tells of a check before and after it; between them it takes the times from how the check advances."""

    def __init__(
        self, settings: SettingsOf, targets: Sequence[Path], advance: Callable[[int, int], None] | None
    ) -> None:
        self._targets = targets
        self._advance = advance
        self._seconds: dict[Path, float] = {}
        self._started = self._last = time.perf_counter()
        _say(f"settings: {_files(settings, targets)}")
        for target in targets:
            _say(f"reading {target}")

    def advance(self, done: int, total: int) -> None:
        now = time.perf_counter()
        if self._targets:
            target = self._targets[(done - 1) % len(self._targets)]  # each is gone through twice, in their order
            self._seconds[target] = self._seconds.get(target, 0.0) + now - self._last
        self._last = now
        if self._advance is not None:
            self._advance(done, total)

    def tell(self) -> None:
        """How long it took, and which files took longest, what was read for them included."""
        _say(f"checked {len(self._targets)} files in {time.perf_counter() - self._started:.2f} s")
        for target, seconds in sorted(self._seconds.items(), key=lambda row: -row[1])[:SLOWEST]:
            _say(f"{seconds:8.2f} s  {target}")


def _files(settings: SettingsOf, targets: Sequence[Path]) -> str:
    """The configuration files that hold for any of the files."""
    files = {layer.file: None for target in targets for layer in settings.of(target).layers if layer.file}
    return ", ".join(str(file) for file in files) or "none, the defaults hold"


def _say(text: str) -> None:
    print(f"nnlint: {text}", file=sys.stderr)
