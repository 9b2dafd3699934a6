"""What came of one check: plain data, for the terminal, JSON and the report's page."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

PASSED, FAILED, UNDECIDED = "passed", "failed", "undecided"


@dataclass(frozen=True, slots=True)
class Check:
    """`told` says in one line what was found, or why nothing is decided; `advice` what to do when it failed.

    `numbers` are what was measured, by their names; `plot` holds series, matrices and pictures for the report.
    """

    name: str
    status: str
    told: str
    numbers: dict[str, float] = field(default_factory=dict)
    advice: str = ""
    plot: dict[str, Any] = field(default_factory=dict)

    def as_data(self) -> dict[str, Any]:
        return asdict(self)
