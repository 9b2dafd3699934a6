"""What every event has."""

from __future__ import annotations

from dataclasses import dataclass

from nnlint.finding import Confidence
from nnlint.source import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happens at a place. `confidence` says what knowing of it leans on."""

    place: Place
    confidence: Confidence = Confidence.CERTAIN
