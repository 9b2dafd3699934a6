"""Paths through a program: branches are run in place, taken back, and joined where they meet."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Seq

from nnlint.interpreter.control import PathEnds
from nnlint.interpreter.joins import either, join
from nnlint.interpreter.ledger import Guard
from nnlint.interpreter.objects import Unknown, Value
from nnlint.interpreter.store import Delta, Store
from nnlint.reading import script as ir
from nnlint.source import Place


class Paths:
    """What an interpreter knows of the path that it is on."""

    store: Store
    conditions: list[Place]
    guards: list[Guard]  # the branches it is on of which it is not known whether they are taken
    tests: list[ir.Expr]  # of the branches that are being run
    assumptions: dict[object, bool]
    undecided: int  # how many branches are being run of which it is not known whether they are taken
    choosing: bool  # whether one of several callees is tried

    def paths(self, ways: Seq[Callable[[], bool]]) -> bool:
        """Run several ways on from here; where they meet, what they did is joined."""
        mark = self.store.mark()
        deltas: list[Delta] = []
        assumptions = self.assumptions
        for way in ways:
            self.assumptions = dict(assumptions)
            self.undecided += len(ways) > 1
            try:
                alive = way()
            finally:
                self.undecided -= len(ways) > 1
                self.assumptions = assumptions
            delta = self.store.undo(mark)
            if alive:
                deltas.append(delta)
        self.store.close(mark)
        if deltas:
            self.store.merge(deltas)
        return bool(deltas)

    def fork(self, ways: Seq[Callable[[], Value]]) -> Value:
        """Evaluate several ways on from here; the value is the join of theirs."""
        values: list[Value] = []

        def keep(way: Callable[[], Value]) -> Callable[[], bool]:
            def run() -> bool:
                try:
                    values.append(way())
                except PathEnds:
                    return False
                return True

            return run

        if not self.paths([keep(way) for way in ways]):
            raise PathEnds
        return self.join_all(values)

    def each(self, ways: Seq[Callable[[], Value]]) -> Value:
        """Do the same with each of the values that a variable may hold, one after the other.

        Not as branches: whichever it is, all that is done through the variable is done to that one (`net.train()`,
        later `net(x)`).
        """
        values: list[Value] = []
        choosing, self.choosing = self.choosing, True
        try:
            for way in ways:
                try:
                    values.append(way())
                except PathEnds:
                    continue
        finally:
            self.choosing = choosing
        if not values:
            raise PathEnds
        return either(values)

    def attempt(self, way: Callable[[], Value]) -> Value:
        """Evaluate what the program does at another time, in a process of its own: nothing that it changes stays."""
        mark = self.store.mark()
        try:
            return way()
        except PathEnds:
            return Unknown()
        finally:
            self.store.undo(mark)
            self.store.close(mark)

    def branch(self, way: Callable[[], Value]) -> Value:
        """Evaluate what may be evaluated or not."""
        result: list[Value] = []

        def run() -> bool:
            result.append(way())
            return True

        self.paths([run, lambda: True])
        return result[0]

    def join_all(self, values: Seq[Value]) -> Value:
        joined = values[0]
        for value in values[1:]:
            joined = join(joined, value)
        return joined

    def under(self, condition: Place, test: ir.Expr, way: Callable[[], bool], guard: Guard | None) -> bool:
        """Run a branch; what is made in it is there under a condition.

        `test` decides it; `guard` is None where it is known to be taken.
        """
        self.conditions.append(condition)
        self.tests.append(test)
        if guard is not None:
            self.guards.append(guard)
        try:
            return way()
        finally:
            self.conditions.pop()
            if guard is not None:
                self.guards.pop()
            self.tests.pop()
