"""What a variable can hold while a program is interpreted.

Values are immutable, or objects (`Obj`) whose `fields` change through the `Store` only, so that what one branch did can
be taken back and joined with what the other did.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnlint.finding import Step
from nnlint.interpreter.ages import START, next_number
from nnlint.interpreter.dependence import NO_PROVENANCE as NO_PROVENANCE
from nnlint.interpreter.dependence import Provenance as Provenance
from nnlint.interpreter.sequences import Marks, Order, Tokens
from nnlint.interpreter.sizes import Size
from nnlint.reading import script as ir
from nnlint.source import Place
from nnlint.values import Form, Maker, Scale

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


class Value:
    """Anything that an expression can evaluate to."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Const(Value):
    """A number, string, bool, None, bytes or Ellipsis that is known."""

    value: object


NONE = Const(None)
TRUE = Const(True)
FALSE = Const(False)


class Obj(Value):
    """An object with identity. `fields` are written through the Store; `lazies` caches what is made on demand.

    `age` grows with the number, but for what is made on demand: that is taken to have always been there.
    """

    __slots__ = ("age", "fields", "lazies", "serial")

    def __init__(self) -> None:
        self.age = self.serial = next_number()
        self.fields: dict[str, Any] = {}
        self.lazies: dict[Any, Any] = {}


class Unknown(Obj):
    """Something nnlint knows nothing about, but which stays itself: its attributes and its mode can be learned."""

    __slots__ = ("name", "provenance", "symbol")

    def __init__(self, name: str = "", provenance: Provenance = NO_PROVENANCE) -> None:
        super().__init__()
        self.name = name
        self.provenance = provenance
        self.symbol: Size | None = None  # the size it stands for, once it is used as one


Shape = tuple[Size | None, ...]


@dataclass(frozen=True, slots=True)
class Biased:
    """The layer with a bias that made a tensor, carried through what keeps a bias per channel (pooling, shuffles)."""

    layer: Instance
    output: int  # number of the tensor that the layer returned
    conditions: tuple[Place, ...] = ()  # the branches in which the layer ran
    per_channel: bool = True  # false while the channels are not dimension 1, as behind a linear layer of sequences
    width: Size | None = None  # how many channels there are


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """That a tensor was reduced over the samples, and not over the classes; see `class_reductions.py`."""

    place: Place
    call: str
    sizes: Shape  # of what was reduced
    over: Size
    proven: bool  # that it was over the samples is known without what becomes of it
    dim: Place | None = None  # where that is written


@dataclass(frozen=True, slots=True, eq=False)
class Tensor(Value):
    """A tensor: what is known of its shape, its scale, and where it came from."""

    shape: Shape | None = None
    scale: Scale = Scale.UNKNOWN
    dim: int | None = None  # over which a softmax was taken
    trail: tuple[Step, ...] = ()
    made_by: str = ""
    provenance: Provenance = NO_PROVENANCE
    biased: Biased | None = None
    attended: bool = False  # a product of attention weights and values
    axes: tuple[tuple[int, Size], ...] = ()  # of a tensor of any rank: the dimensions of which the size is known
    marks: Marks | None = None  # of a mask
    tokens: Tokens | None = None  # what stands at each position, where that is not the tensor's own
    order: Order | None = None  # of what a recurrent or attention layer returned
    form: Form = Form.OTHER
    guarded: bool = False  # kept off 0 by an epsilon or a clamp
    averaged: bool = False  # a loss that is a mean over the batch, or a sum with one, undivided
    reduced: Reduced | None = None
    memory: int | None = None  # the number of the memory that it lies in
    makers: frozenset[Maker] = frozenset()  # what gave it its scale, on some path each
    is_array: bool = False  # of NumPy
    serial: int = field(default_factory=next_number)

    def but(self, **changes: Any) -> Tensor:
        """A new tensor that differs in `changes`."""
        return self.same(**{"serial": next_number(), **changes})

    def same(self, **changes: Any) -> Tensor:
        """This tensor, of which other things are known now."""
        changed = dict(zip(_PARTS, _parts(self), strict=True))  # as `replace`, three times as fast
        changed.update(changes)
        return Tensor(**changed)


_PARTS = tuple(part.name for part in fields(Tensor))
_parts = attrgetter(*_PARTS)


NUMBERS = "<numbers>"  # made by `item`, `tolist` or `numpy`: no tensors any more
SINCE = "<since>"  # of an element that a dictionary makes by itself: the number of the dictionary
PIECES = "<pieces>"  # of a sequence: the parts into which a tensor was cut


class Sequence(Obj):
    """A tuple, list or set. `items` are its elements; when not `exact` they stand for any number of such."""

    __slots__ = ("kind",)

    def __init__(self, kind: str, items: tuple[Value, ...], exact: bool = True) -> None:
        super().__init__()
        self.kind = kind
        self.fields["items"] = items
        self.fields["exact"] = exact

    @property
    def items(self) -> tuple[Value, ...]:
        items: tuple[Value, ...] = self.fields.get("items", ())
        return items

    @property
    def exact(self) -> bool:
        return self.fields.get("exact") is True


FACTORY = "<factory>"  # of a dictionary: what makes the elements that are not there


class Mapping(Obj):
    """A dictionary. `items` maps constant keys; `others` says that more keys may be there."""

    __slots__ = ()

    def __init__(self, items: dict[object, Value], others: bool = False) -> None:
        super().__init__()
        self.fields["items"] = items
        self.fields["others"] = others

    @property
    def items(self) -> dict[object, Value]:
        items: dict[object, Value] = self.fields.get("items", {})
        return items

    @property
    def exact(self) -> bool:
        return self.fields.get("others") is False


class Namespace(Obj):
    """A module of the project: a file, or a folder of them."""

    __slots__ = ("dotted", "file", "loaded", "path", "places")

    def __init__(self, path: Path, dotted: str) -> None:
        super().__init__()
        self.path = path
        self.file = str(path)
        self.places: dict[int, Place] = {}  # of its nodes, as far as they were asked for
        self.dotted = dotted
        self.loaded = False


class Frame(Obj):
    """The variables of one activation of a function, a class body or a module."""

    __slots__ = (
        "breaks", "call", "caller", "defined", "depth", "end", "exits", "function", "given", "is_class", "left",
        "loops", "mark", "name", "names", "namespace", "on_yield", "parent", "self_value", "yields",
    )  # fmt: skip

    def __init__(self, namespace: Namespace, parent: Frame | None, name: str = "", is_class: bool = False) -> None:
        super().__init__()
        self.namespace = namespace
        self.parent = parent
        self.name = name
        self.is_class = is_class
        self.names: dict[str, str] = {}  # declared global or nonlocal
        self.exits: list[tuple[Value, dict[tuple[Obj, str], Any]]] = []
        self.end: Value | None = None  # what the last statement of the function returned
        self.left: tuple[int, int] | None = None  # the store's moment at the last return
        self.mark = START
        self.given: dict[str, Value] = {}  # what it was called with, by parameter
        self.depth = 0
        self.yields: list[Value] = []
        self.on_yield: Callable[[Value], Value] | None = None
        self.function: Function | None = None
        self.self_value: Value | None = None
        self.call: Place | None = None  # what called it, in the frame of its `caller`
        self.caller: Frame | None = None
        self.defined: Place | None = None  # where the function is
        self.loops = 0  # how many loops there were around the call


@dataclass(frozen=True, slots=True, eq=False)
class Function(Value):
    """A function of the project, with the frame that it closes over."""

    definition: ir.FunctionDef | ir.Lambda
    frame: Frame
    defaults: dict[str, Value]
    owner: ClassValue | None = None
    kind: str = ""  # "", staticmethod, classmethod, property, contextmanager
    gradients: bool | None = None  # set by @torch.no_grad() and its like
    opaque: bool = False  # decorated by something unknown that may not keep the function

    @property
    def name(self) -> str:
        return self.definition.name if isinstance(self.definition, ir.FunctionDef) else "<lambda>"

    @property
    def qualified(self) -> str:
        return f"{self.owner.name}.{self.name}" if self.owner else self.name


@dataclass(frozen=True, slots=True, eq=False)
class Bound(Value):
    """A method together with its receiver."""

    function: Function
    receiver: Value


@dataclass(frozen=True, slots=True)
class Method(Value):
    """A method, known to nnlint by name only, of a tensor, container, string, module or unknown object."""

    receiver: Value
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Native(Value):
    """A function written in nnlint itself; a method of networks knows its `receiver`."""

    name: str
    call: Callable[[Interpreter, Arguments, ir.Call | None, Frame], Value]
    receiver: Value | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Partial(Value):
    """`functools.partial`."""

    function: Value
    arguments: Arguments


class ClassValue(Obj):
    """A class of the project. `fields` are its attributes."""

    __slots__ = ("bases", "decorators", "definition", "frame", "lineage", "name")

    def __init__(self, definition: ir.ClassDef, bases: tuple[Value, ...], frame: Frame) -> None:
        super().__init__()
        self.definition = definition
        self.name = definition.name
        self.bases = bases
        self.frame = frame
        self.lineage: tuple[Value, ...] | None = None
        self.decorators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Children:
    """The modules registered in one whose attributes stay as they are."""

    found: tuple[Value, ...]
    containers: list[tuple[Obj, object]]  # what holds some of them, with its elements
    silent: list[Unknown]  # what becomes one as soon as it is called

    def hold(self) -> bool:
        """Whether these are still the children."""
        for container, items in self.containers:
            if container.fields.get("items") is not items:
                return False
        return not any("<called>" in each.lazies for each in self.silent)


GIVEN = "<given>"  # the arguments that an object of the project was made with, by name


class Instance(Obj):
    """An object of a class of the project, or of a torch class that nnlint knows (`cls` is External then)."""

    __slots__ = ("arguments", "children", "cls", "conditions", "made", "name")

    def __init__(self, cls: ClassValue | External, made: Place | None, name: str = "") -> None:
        super().__init__()
        self.conditions: tuple[Place, ...] = ()  # the branches in which it was made
        self.cls = cls
        self.made = made
        self.name = name
        self.arguments: dict[str, Value] = {}
        self.children: Children | None = None  # of a network, until an attribute is written

    @property
    def class_name(self) -> str:
        return self.cls.name if isinstance(self.cls, ClassValue) else self.cls.dotted.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class External(Value):
    """A thing of another package, by its dotted name."""

    dotted: str


@dataclass(frozen=True, slots=True)
class Union(Value):
    """One of several values."""

    alternatives: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class ShapeOf(Value):
    """The shape of a value of which no rank is known."""

    of: Value


@dataclass(frozen=True, slots=True)
class SizeValue(Value):
    """An integer that is known as a size: by the axis that it was asked of, even where its `number` is known too."""

    size: Size
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of a call. `loose` says that a `*args` or `**kwargs` of unknown content is among them."""

    positional: tuple[Value, ...] = ()
    keywords: dict[str, Value] = field(default_factory=dict)
    loose: bool = False

    def all(self) -> tuple[Value, ...]:
        return (*self.positional, *self.keywords.values())

    def get(self, index: int, name: str) -> Value | None:
        if name in self.keywords:
            return self.keywords[name]
        return self.positional[index] if 0 <= index < len(self.positional) else None

    def preceded(self, value: Value) -> Arguments:
        return Arguments((value, *self.positional), self.keywords, self.loose)


@dataclass(frozen=True, slots=True, eq=False)
class Perhaps(Value):
    """An element of a sequence that is there on some paths only."""

    value: Value
