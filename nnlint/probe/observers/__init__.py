"""The observers of a run: discovered, never listed."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

from nnlint.probe.observers.base import Observer


def observers() -> list[type[Observer]]:
    """Every observer in the files of this folder, in their order by name."""
    found = []
    for information in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{information.name}")
        found += [
            value
            for value in vars(module).values()
            if inspect.isclass(value)
            and issubclass(value, Observer)
            and value is not Observer
            and value.__module__ == module.__name__
        ]
    return found


def decided() -> frozenset[str]:
    """The codes of the rules that a run can decide."""
    return frozenset(code for observer in observers() for code in observer.decides)
