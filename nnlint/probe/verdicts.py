"""What a run says of findings: the rules judge what was seen, and the same finding at the same place is confirmed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nnlint import catalog
from nnlint.finding import Finding, Verdict
from nnlint.probe.session import Testimony
from nnlint.probe.wire import Sighting
from nnlint.rule import Rule
from nnlint.source import Place
from nnlint.values import TorchVersion

CONFIRMED, REFUTED, NOT_REACHED, UNDECIDED = "confirmed", "refuted", "not reached", "undecided"


@dataclass(frozen=True, slots=True)
class Seen:
    """A finding of a rule on what took place in a run."""

    finding: Finding
    sighting: Sighting


def judge(testimony: Testimony, codes: Iterable[str], torch: TorchVersion | None = None) -> list[Seen]:
    """What the rules say of what was seen, one for each rule and place, the first time."""
    wanted = set(codes)
    rules: list[Rule] = [entry.rule(torch) for entry in catalog.entries() if entry.rule and entry.code in wanted]
    found: dict[tuple[str, Place], Seen] = {}
    for sighting in testimony.sightings:
        if sighting.undecided or sighting.absent:
            continue
        for rule in rules:
            if isinstance(sighting.event, rule.watches) and sighting.concerns(rule.code):
                for finding in rule.check(sighting.event):
                    key = (finding.code, finding.place)
                    if key not in found or (sighting.alone and not found[key].sighting.alone):
                        found[key] = Seen(finding, sighting)
    return list(found.values())


def verdict(finding: Finding, seen: Sequence[Seen], testimony: Testimony) -> Verdict | None:
    """What the run says of a finding of the interpreter, located; nothing of those about the files themselves."""
    if catalog.find(finding.code).rule is None:
        return None
    for each in seen:
        if each.finding.code == finding.code and same(each.finding.place, finding.place):
            return Verdict(CONFIRMED, evidence(each), each.sighting.step)
    if finding.code not in testimony.decides:
        for fault in testimony.faults:
            if finding.code in fault.get("codes", ()):
                return Verdict(UNDECIDED, f"nnlint's own observer failed: {fault.get('reason')}", None)
        return Verdict(UNDECIDED, "a run has no evidence for or against it", None)
    took_place = [sighting for sighting in testimony.sightings if _is_ground(sighting, finding)]
    decided = [sighting for sighting in took_place if not sighting.undecided]
    if decided:
        return Verdict(REFUTED, decided[-1].evidence or "it took place, and nothing is wrong with it", decided[-1].step)
    if took_place:
        return Verdict(UNDECIDED, took_place[-1].undecided, took_place[-1].step)
    return Verdict(NOT_REACHED, _unreached(testimony), None)


def evidence(seen: Seen) -> str:
    return seen.sighting.evidence or seen.finding.message


def same(first: Place, second: Place) -> bool:
    """Whether two places are of one file and share a stretch of text."""
    if os.path.realpath(first.path) != os.path.realpath(second.path) or first.span is None or second.span is None:
        return False
    a, b = first.span, second.span
    return (a.line, a.column) < (b.end_line, b.end_column) and (b.line, b.column) < (a.end_line, a.end_column)


def _is_ground(sighting: Sighting, finding: Finding) -> bool:
    """Whether the event is the one, of those that its rule watches, that the finding was judged by."""
    rule = catalog.find(finding.code).rule
    if rule is None or not isinstance(sighting.event, rule.watches) or not sighting.concerns(finding.code):
        return False
    return same(sighting.event.place, finding.ground or finding.place)


def _unreached(testimony: Testimony) -> str:
    match testimony.how:
        case "finished":
            return "the run did not come here"
        case "stopped":
            return f"the run did not come here within {testimony.request.limits.time_limit:g} s"
    return f"the run ended before: {testimony.error}"
