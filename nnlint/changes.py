"""What a fix does to the program, in the terms of a rule: calls, arguments and statements, not text.

A rule knows places. What stands there, with which parentheses, commas, comments and indentation, only the syntax tree
knows: `nnlint.fixing` turns the changes of a fix into text edits, or drops the fix where one of them can not be made
(the call has `**options`, the statement shares its line with another). So no rule writes syntax around a place.

`Code` is text to put in: strings as they are, a `Place` for the source that stands there, and `Named` for a dotted name
as the file would write it. Given `(Named("torch.no_grad"), "()")` the file reads `torch.no_grad()`, `no_grad()` or
`t.no_grad()` by its imports; where it has none, one is added.
"""

from __future__ import annotations

from dataclasses import dataclass

from nnlint.source import Place


@dataclass(frozen=True, slots=True)
class Named:
    """A dotted name: `torch.no_grad`."""

    dotted: str


Code = tuple[str | Place | Named, ...]


@dataclass(frozen=True, slots=True)
class Replace:
    """The expression (or small statement) at the place becomes `code`, in parentheses where it needs some."""

    place: Place
    code: Code


@dataclass(frozen=True, slots=True)
class Unwrap:
    """What computes something of one value becomes that value; what is built to compute it is taken out.

    `F.softmax(x, dim=1)`, `x.softmax(1)`, `x.data`, `self.softmax(x)` and `nn.Softmax(1)(x)` become `x`, and the
    assignment `x = F.softmax(x, dim=1)` goes. A layer among the arguments of a `Sequential` or in a list goes with its
    comma, one that is appended with the statement.
    """

    place: Place


@dataclass(frozen=True, slots=True)
class Rename:
    """The function or class that is called at the place is another one: its last name changes, or all of it.

    Given a string, `F.softmax(x)` becomes `F.log_softmax(x)` and `x.softmax(1)` becomes `x.log_softmax(1)`.
    Given a `Named`, the whole callee becomes that.
    """

    place: Place
    name: str | Named


@dataclass(frozen=True, slots=True)
class SetArgument:
    """A call gets the keyword argument, or another value for it.

    `position` is where the call may have it without its name, counted from 0.
    """

    place: Place
    name: str
    value: Code
    position: int | None = None


@dataclass(frozen=True, slots=True)
class RemoveArgument:
    """A call loses the keyword argument; it is no mistake that it has none."""

    place: Place
    name: str


@dataclass(frozen=True, slots=True)
class InsertBefore:
    """A statement on a line of its own, before the statement that the place is in."""

    place: Place
    code: Code


@dataclass(frozen=True, slots=True)
class InsertAfter:
    """A statement on a line of its own, behind the statement that the place is in."""

    place: Place
    code: Code


@dataclass(frozen=True, slots=True)
class InsertInto:
    """A statement on a line of its own, the first in the body of the loop, function, class or `with` at the place.

    Behind the docstring, where there is one.
    """

    place: Place
    code: Code


@dataclass(frozen=True, slots=True)
class Remove:
    """The statement that the place is in goes, with its line; `pass` stays where it was the only one of its block."""

    place: Place


@dataclass(frozen=True, slots=True)
class MoveBefore:
    """The statement that `place` is in goes before the one that `target` is in, in the same function."""

    place: Place
    target: Place


@dataclass(frozen=True, slots=True)
class MoveAfter:
    """The statement that `place` is in goes behind the one that `target` is in, in the same function."""

    place: Place
    target: Place


@dataclass(frozen=True, slots=True)
class Wrap:
    """The statements from the one that `first` is in to the one that `last` is in stand in a block under `header`.

    The statements of one block; where the two are in different ones, those of the innermost block that holds both.
    `header` has no colon: `(Named("torch.no_grad"), "()")` gives `with torch.no_grad():`.
    """

    first: Place
    last: Place
    header: Code


@dataclass(frozen=True, slots=True)
class Decorate:
    """The function at the place gets a decorator: `(Named("torch.no_grad"), "()")`."""

    place: Place
    code: Code


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a statement about a thing can be put in, and what the thing is called there: events tell it to rules."""

    kind: type[InsertBefore | InsertAfter | InsertInto]
    place: Place
    name: str

    def insert(self, code: str) -> InsertBefore | InsertAfter | InsertInto:
        return self.kind(self.place, (code,))


Change = (
    Replace
    | Unwrap
    | Rename
    | SetArgument
    | RemoveArgument
    | InsertBefore
    | InsertAfter
    | InsertInto
    | Remove
    | MoveBefore
    | MoveAfter
    | Wrap
    | Decorate
)
