"""A probe of scripts: both witnesses are heard, and each finding of the one gets the verdict of the other."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nnlint.config import SettingsOf
from nnlint.engine import Report, check_programs, in_cells
from nnlint.events import Event
from nnlint.finding import Finding, Verdict
from nnlint.foretelling import Foretelling
from nnlint.judging import Witness
from nnlint.probe import session, verdicts
from nnlint.probe.limits import Limits, Request
from nnlint.probe.recipe.reruns import compared
from nnlint.probe.session import Testimony
from nnlint.probe.verdicts import CONFIRMED, NOT_REACHED, REFUTED, UNDECIDED, Seen
from nnlint.program.program import Program
from nnlint.program.project import find_root
from nnlint.source import Source, Span, Unreadable
from nnlint.values import TorchVersion

ALONE = "seen in the run alone: "
_RANK = (CONFIRMED, REFUTED, UNDECIDED, NOT_REACHED)
_GUARD = re.compile(rb"""^if\s+__name__\s*==\s*['"]__main__['"]|^if\s+['"]__main__['"]\s*==\s*__name__""", re.MULTILINE)
_LOOSE = re.compile(rb"^(?:for|while|with)\b|^[A-Za-z_][\w.]*\(", re.MULTILINE)
_MISSING = re.compile(r"FileNotFoundError|No such file|not found|download|URLError|ConnectionError|CUDA|NVIDIA|offline")
_NO_SCRIPTS = re.compile(r"^(?:test_.*|.*_test|setup|conftest|__init__)\.py$")


@dataclass(frozen=True, slots=True)
class Probed:
    """What came of it: the findings of both witnesses, with verdicts, and the runs."""

    report: Report
    testimonies: tuple[Testimony, ...] = ()
    unrun: tuple[str, ...] = ()  # scripts that could not be run, with the reason

    @property
    def standing(self) -> list[Finding]:
        """The findings that no run has refuted."""
        return [each for each in self.report.findings if each.verdict is None or each.verdict.status != REFUTED]


@dataclass(frozen=True, slots=True)
class Script:
    """What is to be run, as a user says it: a file, or a module as after `python -m`, with its arguments."""

    name: str
    arguments: tuple[str, ...] = ()
    is_module: bool = False


def probe_script(
    script: Script,
    limits: Limits,
    settings: SettingsOf,
    *,
    recipe: bool = False,
    python: str = sys.executable,
    folder: Path | None = None,
) -> Probed:
    """Run a script, as from `folder`; judge it and the user's files that it imported. With `recipe` it is checked."""
    start = Path.cwd() if script.is_module else Path(script.name).resolve().parent
    root = find_root(start)
    request = Request(
        script.name,
        script.arguments,
        script.is_module,
        folder=str(folder) if folder is not None else os.getcwd(),
        root=str(root),
        recipe=recipe,
        limits=limits,
    )
    testimony = session.run(request, python)
    if recipe:
        again = session.run(replace(request, limits=replace(limits, recipe_time=0.0)), python)
        testimony.checks.append(compared(testimony.losses, again.losses, testimony.seeded))
    targets = [] if script.is_module else [Path(script.name)]
    targets += [path for path in map(_relative, testimony.files) if path not in targets]
    return _heard(targets, [testimony], settings)


def probe_paths(
    paths: Sequence[Path],
    limits: Limits,
    settings: SettingsOf,
    progress: Callable[[int, int], None] | None = None,
    python: str = sys.executable,
) -> Probed:
    """Check files and folders, and run the scripts among them."""
    scripts = [path for path in Foretelling(paths, settings, None, None).targets() if is_script(path)]
    testimonies = []
    for number, path in enumerate(scripts):
        if progress is not None:
            progress(number, len(scripts))
        request = Request(str(path), folder=os.getcwd(), root=str(find_root(path)), limits=limits)
        testimonies.append(session.run(request, python))
    return _heard(paths, testimonies, settings)


def is_script(path: Path) -> bool:
    """Whether a file is one that one runs: it has a `__main__` block, or does something by itself, with torch."""
    try:
        data = Program([path]).bytes(path)
    except (OSError, Unreadable):
        return False
    if b"torch" not in data and b"lightning" not in data and b"transformers" not in data:
        return False
    return not _NO_SCRIPTS.match(path.name) and bool(_GUARD.search(data) or _LOOSE.search(data))


def _heard(
    paths: Sequence[Path],
    testimonies: Sequence[Testimony],
    settings: SettingsOf,
) -> Probed:
    """Both witnesses: the interpreter over the paths, and the runs."""
    foretelling = Foretelling(paths, settings, None, None)
    report = check_programs(paths, settings, witness=foretelling)
    torch = {path: foretelling.torch(path) for path in foretelling.targets()}
    version = next(iter(torch.values()), TorchVersion())
    codes = frozenset().union(*(settings.of(path).codes() for path in torch))
    heard = [(testimony, verdicts.judge(testimony, codes, version)) for testimony in testimonies]
    findings = [replace(finding, verdict=_verdict(finding, heard)) for finding in report.findings]
    alone = _alone(paths, foretelling, settings, heard, findings)
    found = sorted([*findings, *alone.findings], key=lambda each: (each.place.path, each.place.span or _START))
    unrun = tuple(map(_trouble, filter(_is_unrun, testimonies)))
    report = replace(
        report,
        findings=tuple(found),
        errors=(*report.errors, *alone.errors),
        sources={**alone.sources, **report.sources},
    )
    return Probed(in_cells(report), tuple(testimonies), unrun)


def _is_unrun(testimony: Testimony) -> bool:
    return testimony.how in ("unrunnable", "killed") or (testimony.how == "crashed" and not testimony.steps)


def _trouble(testimony: Testimony) -> str:
    """Why a script did not come to train, with what the user can do."""
    script, error = testimony.request.script, testimony.error
    advice = ""
    if "attempted relative import" in error:
        module = ".".join(Path(script).with_suffix("").parts)
        advice = f"; it is part of a package: `nnlint probe -m {module}`"
    elif _MISSING.search(error) and not testimony.request.limits.fake_data:
        advice = "; `--fake-data` puts random data and weights in the place of missing ones"
    elif "required" in testimony.output and "usage:" in testimony.output:
        advice = "; it asks for arguments: they go behind `--`"
    where = "" if error.startswith(script) else f"{script}: "
    return f"{where}{error}{advice}"


def _verdict(finding: Finding, heard: Iterable[tuple[Testimony, list[Seen]]]) -> Verdict | None:
    """What the runs together say: one that saw it outweighs those that did not."""
    said = [verdicts.verdict(finding, seen, testimony) for testimony, seen in heard]
    return min(filter(None, said), key=lambda each: _RANK.index(each.status), default=None)


def _alone(
    paths: Sequence[Path],
    foretelling: Foretelling,
    settings: SettingsOf,
    heard: Sequence[tuple[Testimony, list[Seen]]],
    findings: Sequence[Finding],
) -> Report:
    """The findings that only the runs show, less what the user suppresses."""
    seen = [each for _, judged in heard for each in judged if each.sighting.alone]
    new = [
        each
        for each in seen
        if not any(
            each.finding.code == known.code and verdicts.same(each.finding.place, known.place) for known in findings
        )
    ]
    report = check_programs(paths, settings, witness=_Replay(foretelling, new))
    told = []
    for finding in report.findings:
        for each in new:
            if each.finding.code == finding.code and verdicts.same(each.finding.place, finding.place):
                evidence = ALONE + verdicts.evidence(each)
                told.append(replace(finding, verdict=Verdict(CONFIRMED, evidence, each.sighting.step)))
                break
    return replace(report, findings=tuple(told))


@dataclass(slots=True)
class _Replay(Witness):
    """A witness that tells what the runs saw and the interpreter did not."""

    foretelling: Foretelling
    seen: Sequence[Seen]
    _told: set[int] = field(default_factory=set)

    def targets(self) -> Sequence[Path]:
        return self.foretelling.targets()

    def bytes(self, target: Path) -> bytes:
        return self.foretelling.bytes(target)

    def torch(self, target: Path) -> TorchVersion:
        return self.foretelling.torch(target)

    def events(self, target: Path) -> Iterable[Event]:
        for number, each in enumerate(self.seen):
            if number not in self._told:  # all of them with the first target: events know their own files
                self._told.add(number)
                yield each.sighting.event

    def events_unreached(self, target: Path) -> Iterable[Event]:
        return ()

    def source(self, path: str) -> Source:
        return self.foretelling.source(path)

    def locate(self, source: Source, nodes: Iterable[int]) -> dict[int, Span]:
        return {}


_START = Span(1, 1, 1, 1)


def _relative(path: str) -> Path:
    relative = os.path.relpath(path)
    return Path(path if relative.startswith("..") else relative)
