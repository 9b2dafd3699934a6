"""Whether a script that sets its seed does the same twice: told by two runs of it, in the parent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from nnlint.probe.recipe.result import FAILED, PASSED, UNDECIDED, Check

NAME = "same seed twice equal"


def compared(first: Sequence[float], second: Sequence[float], seeded: bool) -> dict[str, Any]:
    """The losses of two runs, step for step."""
    count = min(len(first), len(second))
    if count == 0:
        return asdict(Check(NAME, UNDECIDED, "there are no losses of two runs to compare"))
    apart = next((step for step in range(count) if not _equal(first[step], second[step])), None)
    if apart is None:
        return asdict(Check(NAME, PASSED, f"the first {count} losses of two runs are equal", {"losses": float(count)}))
    told = f"loss {apart + 1} is {first[apart]:.7g} in one run and {second[apart]:.7g} in another"
    measured = {"first": first[apart], "second": second[apart], "step": float(apart)}
    if not seeded:
        return asdict(Check(NAME, UNDECIDED, f"{told}; the script sets no seed", measured))
    return asdict(Check(NAME, FAILED, told, measured, "seed all generators before the model and the data are made"))


def _equal(first: float, second: float) -> bool:
    return first == second or (first != first and second != second)
