"""Which split data are: by how they were made before what they are called."""

from __future__ import annotations

import re

from nnlint.interpreter.loaders import PART_OF
from nnlint.interpreter.objects import GIVEN, Arguments, Const, External, Frame, Instance, Obj, Unknown, Value
from nnlint.reading import script as ir
from nnlint.values import Split

PATH_ENDS = "<path ends>"
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_WORDS = {
    Split.TRAINING: frozenset({"train", "training", "trn"}),
    Split.VALIDATION: frozenset({"val", "valid", "validation", "validate", "dev", "eval", "evaluation", "holdout"}),
    Split.TEST: frozenset({"test", "testing", "tst"}),
}
_SPLIT_NAMES = ("split", "mode", "phase", "partition", "subset", "flag", "image_set", "stage", "set_name", "set_type")
DEEPEST = 5


def split_of(value: Value | None, depth: int = 0) -> tuple[Split, bool]:
    """The split, and whether that is certain."""
    if not isinstance(value, (Instance, Unknown)) or depth > DEEPEST:
        return Split.UNKNOWN, False
    made = _split_made(value)
    if made is not Split.UNKNOWN:
        return made, True
    if PART_OF in value.lazies:
        return _split_of_part(value, depth)
    dataset = value.fields.get("dataset")
    if isinstance(dataset, Value) and dataset is not value:
        split, certain = split_of(dataset, depth + 1)
        if split is not Split.UNKNOWN:
            return split, certain
    return split_named(value.name), False


def split_named(name: str) -> Split:
    """What a name says; nothing when it says several things."""
    words = {word.lower() for word in _WORD.findall(name)}
    said = [split for split, known in _WORDS.items() if words & known]
    return said[0] if len(said) == 1 else Split.UNKNOWN


def joined_path(run: object, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    """`os.path.join(root, "val")`: what a path ends with says what is there."""
    texts = [v.value for v in arguments.positional if isinstance(v, Const) and isinstance(v.value, str)]
    if len(texts) == len(arguments.positional) and texts and not arguments.loose:
        return Const("/".join(texts))
    path = Unknown("join")
    last = arguments.positional[-1] if arguments.positional else None
    if isinstance(last, Const) and isinstance(last.value, str):
        path.lazies[PATH_ENDS] = last.value
    return path


def _split_made(value: Instance | Unknown) -> Split:
    """What the arguments say that a dataset was made with."""
    if not isinstance(value, Instance):
        return Split.UNKNOWN
    given = {**value.lazies.get(GIVEN, {}), **value.arguments, **value.fields}
    if isinstance(value.cls, External) and value.cls.dotted.startswith("torchvision."):
        match given.get("train"):
            case Const(value=bool(train)):
                return Split.TRAINING if train else Split.TEST
        root = given.get("root")
        if value.class_name in ("ImageFolder", "DatasetFolder") and root is not None:
            return split_named(_last_part(root))
    for name in _SPLIT_NAMES:
        match given.get(name):
            case Const(value=str(text)) if split_named(text) is not Split.UNKNOWN:
                return split_named(text)
    return Split.UNKNOWN


def _last_part(path: Value) -> str:
    match path:
        case Const(value=str(text)):
            return text.rstrip("/").rpartition("/")[2]
        case Unknown():
            return str(path.lazies.get(PATH_ENDS, "")).strip("/").rpartition("/")[2]
    return ""


def _split_of_part(value: Obj, depth: int) -> tuple[Split, bool]:
    """A part of something: of training data, what is held out validates, whatever it is called."""
    whole, parts = value.lazies[PART_OF]
    named = split_named(getattr(value, "name", ""))
    split, certain = split_of(whole, depth + 1)
    if split is Split.TEST and named is not Split.VALIDATION:
        return Split.TEST, certain
    if split is Split.UNKNOWN and parts is not None and parts > 2:
        return named, False
    return (Split.VALIDATION, False) if named in (Split.TEST, Split.VALIDATION) else (named, False)
