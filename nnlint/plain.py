"""Findings as JSON and back, for what is kept between runs: nothing of what others may have written is executed."""

from __future__ import annotations

import enum
from dataclasses import fields, is_dataclass
from typing import Any

from nnlint import changes, finding, source

_CLASSES: dict[str, Any] = {
    name: value
    for module in (source, changes, finding)
    for name, value in vars(module).items()
    if isinstance(value, type) and (is_dataclass(value) or issubclass(value, enum.Enum))
}


def plain(value: Any) -> Any:
    """As JSON has it. Raises `TypeError` for what findings are not made of."""
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, (tuple, list)):
        return [plain(each) for each in value]
    name = type(value).__name__
    if _CLASSES.get(name) is not type(value):
        raise TypeError(f"{name} is not kept")
    if isinstance(value, enum.Enum):
        return {name: value.name}
    return {name: [plain(getattr(value, each.name)) for each in fields(value)]}


def unplain(data: Any) -> Any:
    """Back again. Raises `TypeError`, `ValueError` or `LookupError` for what is none of it."""
    if isinstance(data, list):
        return tuple(map(unplain, data))
    if isinstance(data, dict):
        ((name, content),) = data.items()
        cls = _CLASSES[name]
        return cls[content] if issubclass(cls, enum.Enum) else cls(*map(unplain, content))
    return data
