"""A `Finding`: frozen plain data, what a rule says of a place."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from nnlint.changes import Change
from nnlint.source import Place


class Severity(enum.Enum):
    """How bad it is when it is true."""

    ERROR = "error"  # what is trained or measured is wrong
    WARNING = "warning"  # it is worse, slower or fragile
    INFORMATION = "information"  # harmless, worth knowing


class Confidence(enum.Enum):
    """How sure nnlint is that it is true."""

    CERTAIN = "certain"  # follows from what the code says alone
    LIKELY = "likely"  # leans on a convention: a name, an annotation


class Safety(enum.Enum):
    """Whether a fix may be applied unasked."""

    SAFE = "safe"
    UNSAFE = "unsafe"


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """One stop of a trail: a place and what happens there (`made here: …`)."""

    place: Place
    message: str


@dataclass(frozen=True, slots=True)
class Edit:
    """Text put in the place of a span."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A way to mend what was found, all or nothing: a rule says the `changes`, what is reported has the `edits`."""

    title: str
    safety: Safety
    changes: tuple[Change, ...] = ()
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run of the script said of the finding."""

    status: str
    evidence: str
    step: int | None


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, where, since when (`trail`) and what to do about it (`advice`, `fix`).

    `ground` is where the event took place that it was judged by, which may be elsewhere than what is wrong.
    """

    code: str
    name: str
    severity: Severity
    confidence: Confidence
    message: str
    place: Place
    trail: tuple[Step, ...] = ()
    advice: str = ""
    fix: Fix | None = None
    verdict: Verdict | None = None
    ground: Place | None = None
