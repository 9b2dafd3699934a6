"""What scores decide: which model is kept, when training ends, the learning rate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nnlint.events import ScoreDecided
from nnlint.finding import Confidence, Step
from nnlint.interpreter.control import LoopRecord
from nnlint.interpreter.loaders import LOADER, Loading
from nnlint.interpreter.objects import Bound, External, Function, Method, Native, Value
from nnlint.interpreter.wording import text_of
from nnlint.reading import script as ir
from nnlint.source import Place
from nnlint.values import Outcome

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

_KEEPING = frozenset(
    ["torch.save", "copy.deepcopy", "shutil.copy", "shutil.copyfile", "shutil.copy2", "pickle.dump", "joblib.dump"]
)
_KEEPING_METHODS = frozenset(
    ["state_dict", "save", "save_checkpoint", "save_pretrained", "save_model", "save_weights", "save_state"]
)


@dataclass(slots=True)
class Decision:
    """A branch that a score decides."""

    place: Place
    score: str
    batches: frozenset[int]
    loops: tuple[LoopRecord, ...]
    outcome: Outcome | None = None


@dataclass(slots=True)
class Selection:
    """The decisions of one root, and those whose branches are being run."""

    _all: list[Decision] = field(default_factory=list)
    _open: list[Decision] = field(default_factory=list)

    def decision(self, run: Interpreter, test: Value, written: ir.Expr, place: Place) -> Decision | None:
        """The decision that a branch takes by a score, if its test depends on data."""
        batches = run.provenance(test).batches
        if not batches or any(loop.data & batches for loop in run.loops):
            return None
        decision = Decision(place, text_of(written), batches, tuple(run.loops))
        self._all.append(decision)
        return decision

    def deciding(self, decisions: tuple[Decision, ...], way: Callable[[], bool]) -> bool:
        """Run a branch that some decisions led to."""
        before = len(self._open)
        self._open.extend(decisions)
        try:
            return way()
        finally:
            del self._open[before:]

    def called(self, callee: Value) -> None:
        """Something is called in a branch: it may keep the network as it is now."""
        if not self._open:
            return
        match callee:
            case External(dotted=dotted):
                keeps = dotted in _KEEPING
            case Method(name=name) | Native(name=name) | Function(name=name) | Bound(function=Function(name=name)):
                keeps = name in _KEEPING_METHODS
            case _:
                keeps = getattr(callee, "name", "") in _KEEPING_METHODS
        if keeps:
            self._act(Outcome.KEPT)

    def left(self) -> None:
        """`break`."""
        self._act(Outcome.STOPPED)

    def scheduled(self, run: Interpreter, score: Value, written: ir.Call, place: Place) -> None:
        """`scheduler.step(score)`, of one that lowers the rate when the score stops improving."""
        decision = self.decision(run, score, written, place)
        if decision is not None:
            decision.outcome = Outcome.SCHEDULED

    def _act(self, outcome: Outcome) -> None:
        for decision in self._open:
            decision.outcome = decision.outcome or outcome

    def events(self, run: Interpreter) -> Iterator[ScoreDecided]:
        told: set[tuple[Place, str]] = set()
        for decision in self._all:
            batches = [run.roles.batches[number] for number in sorted(decision.batches)]
            splits = {batch.split for batch in batches}
            if decision.outcome is None or len(splits) != 1 or not any(loop.trains for loop in decision.loops):
                continue
            if (decision.place, batches[0].name) in told:
                continue
            told.add((decision.place, batches[0].name))
            source = batches[0].source
            loading = source.lazies.get(LOADER) if source is not None else None
            data = getattr(source, "name", "") or batches[0].name
            yield ScoreDecided(
                place=decision.place,
                score=decision.score,
                data=data,
                split=splits.pop(),
                outcome=decision.outcome,
                trail=(Step(loading.made, f"`{data}` is made here"),) if isinstance(loading, Loading) else (),
                confidence=Confidence.CERTAIN if all(b.split_is_certain for b in batches) else Confidence.LIKELY,
            )
