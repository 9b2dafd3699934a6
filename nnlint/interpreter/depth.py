"""Room for deep recursion."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeVar

Result = TypeVar("Result")

ROOM = 2**18  # slots of frames; no memory is touched before it is used


def _call(work: Callable[[], Any]) -> Any:
    return work()


_call_with_room: Callable[[Callable[[], Any]], Any] = FunctionType(_call.__code__.replace(co_stacksize=ROOM), globals())


def with_room(work: Callable[[], Result]) -> Result:
    """Do the work in one large piece of Python's stack.

    From 3.11 on, CPython takes memory for frames from the system a few calls at a time, and gives it back as soon as
    these return. A loop at the depth where that happens spends more time there than in its own work. What is asked for
    on behalf of this function is twice what it claims, and the calls inside of it use the other half.
    """
    result: Result = _call_with_room(work)
    return result
