"""Numbers that say that it is time: `(i + 1) % every == 0`, and counters that are compared with a limit."""

from __future__ import annotations

from nnlint.interpreter.objects import Union, Unknown, Value

_EVERY, _COUNTER = "<every>", "<counter>"


def due(*parts: Value) -> Unknown:
    """Something unknown that is true every so many times when one of the values that it is made of is."""
    result = Unknown()
    if any(is_interval(part) for part in parts):
        result.lazies[_EVERY] = True
    return result


def remainder() -> Unknown:
    """`count % every`."""
    result = Unknown()
    result.lazies[_EVERY] = True
    return result


def counter(name: str = "") -> Unknown:
    """A number that each pass of a loop changes."""
    result = Unknown(name)
    result.lazies[_COUNTER] = True
    return result


def is_interval(value: Value) -> bool:
    """Whether a value is true, or has a certain number, every so many times."""
    if isinstance(value, Union):
        return any(is_interval(each) for each in value.alternatives)
    return isinstance(value, Unknown) and _EVERY in value.lazies


def is_counter(value: Value) -> bool:
    """Whether a value is a number that each pass of a loop changes."""
    if isinstance(value, Union):
        return any(is_counter(each) for each in value.alternatives)
    return isinstance(value, Unknown) and _COUNTER in value.lazies
