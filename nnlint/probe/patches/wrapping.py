"""Ways to put oneself between a script and torch."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnlint.probe.hooks import Hooks


class Outermost:
    """`with` it: true for the outermost of nested blocks."""

    def __init__(self) -> None:
        self._depth = 0

    def __enter__(self) -> bool:
        self._depth += 1
        return self._depth == 1

    def __exit__(self, *error: object) -> None:
        self._depth -= 1


def wrap_constructors(hooks: Hooks, base: type, made: Callable[[Any, Any, Any], None]) -> None:
    """Say when an object of `base` or of a subclass, also one yet to come, is complete."""

    def wrap(cls: type) -> None:
        if cls is not base and "__init_subclass__" in cls.__dict__:
            follow(cls)  # it may hide that of `base`
        original = cls.__dict__.get("__init__")
        if original is None:
            return

        @functools.wraps(original)
        def constructed(self: Any, *args: Any, **kwargs: Any) -> None:
            original(self, *args, **kwargs)
            if type(self).__init__ is constructed:  # not a parent's constructor that a subclass' own calls
                made(self, args, kwargs)

        constructed._is_seen = True  # type: ignore[attr-defined]
        hooks.patch(cls, "__init__", constructed)

    def follow(parent: type) -> None:
        """Wrap the subclasses of a class that are yet to come."""
        inherited = parent.__dict__.get("__init_subclass__")

        def __init_subclass__(cls: type, **kwargs: Any) -> None:
            if inherited is not None:
                inherited.__get__(None, cls)(**kwargs)
            else:
                super(parent, cls).__init_subclass__(**kwargs)  # type: ignore[arg-type]
            if "__init__" not in cls.__dict__ or not hasattr(cls.__init__, "_is_seen"):  # type: ignore[misc]
                wrap(cls)

        hooks.patch(parent, "__init_subclass__", classmethod(__init_subclass__))  # type: ignore[arg-type]

    pending = [base]
    while pending:
        cls = pending.pop()
        wrap(cls)
        pending += cls.__subclasses__()
    follow(base)
