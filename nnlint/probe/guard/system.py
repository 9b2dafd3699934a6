"""The C library, for the calls to Linux that Python has no name for."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from functools import cache
from typing import Any

NO_NEW_PRIVILEGES, PARENT_DEATH_SIGNAL, CHILD_SUBREAPER, SECCOMP = 38, 1, 36, 22  # of prctl
IS_LINUX = sys.platform == "linux"
MACHINE = platform.machine()


@cache
def library() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def prctl(option: int, *arguments: Any) -> bool:
    """Whether Linux did it."""
    if not IS_LINUX:
        return False
    values = [*arguments, 0, 0, 0, 0][:4]
    return bool(
        library().prctl(option, *(ctypes.c_ulong(each) if isinstance(each, int) else each for each in values)) == 0
    )


def syscall(number: int, *arguments: Any) -> int:
    """The result of a system call. Raises OSError."""
    result: int = library().syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result
