"""Landlock: Linux itself lets this process, and all that it starts, write nowhere but in a few folders.

It holds for whatever way a file is written: by C libraries, by shells, by other programs. It covers neither reading nor
the changing of modes and times, and of the network only TCP (`seccomp` does the rest). It can not be lifted again.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
from collections.abc import Iterable

from nnlint.probe.guard import system

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on every machine
ASK_VERSION = 1
PATH_BENEATH, NET_PORT = 1, 2

WRITE_FILE = 1 << 1
TRUNCATE = 1 << 14
IOCTL = 1 << 15
CHANGE_FOLDER = sum(1 << bit for bit in range(4, 13))  # create and remove files and folders of all kinds
REFER = 1 << 13  # rename and link between folders
BIND, CONNECT = 1 << 0, 1 << 1
NEW_IN = ((2, REFER), (3, TRUNCATE), (5, IOCTL))
NETWORK_SINCE, SCOPES_SINCE = 4, 6
ALL_SCOPES = 0b11  # abstract sockets, signals

MAKES_AND_REMOVES_FILES = 1 << 5 | 1 << 8


def version() -> int:
    """What this Linux can do: 0 is nothing."""
    if not system.IS_LINUX:
        return 0
    with contextlib.suppress(OSError, AttributeError):
        return system.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ASK_VERSION)
    return 0


def restrict(folders: Iterable[str], devices: Iterable[str]) -> int:
    """Allow writing in these folders and to these devices only. The version that holds now, 0 for none."""
    known = version()
    if not known or not system.prctl(system.NO_NEW_PRIVILEGES, 1):
        return 0
    every = WRITE_FILE | CHANGE_FOLDER | sum(right for since, right in NEW_IN if known >= since)
    size = 24 if known >= SCOPES_SINCE else 16 if known >= NETWORK_SINCE else 8  # an older Linux refuses more
    rules = struct.pack("=QQQ", every, BIND | CONNECT, ALL_SCOPES)[:size]
    try:
        ruleset = system.syscall(CREATE_RULESET, rules, ctypes.c_size_t(size), 0)
    except OSError:
        return 0
    try:
        for folder in folders:
            _allow(ruleset, folder, every)
        _allow(ruleset, "/dev/shm", every & (WRITE_FILE | TRUNCATE | MAKES_AND_REMOVES_FILES))  # shared memory
        for device in devices:
            _allow(ruleset, device, every & (WRITE_FILE | TRUNCATE | IOCTL))
        if known >= NETWORK_SINCE:  # port 0 is "any free one": how scripts look for a free port
            with contextlib.suppress(OSError):
                system.syscall(ADD_RULE, ruleset, NET_PORT, struct.pack("=QQ", BIND, 0), 0)
        system.syscall(RESTRICT_SELF, ruleset, 0)
    except OSError:
        return 0
    finally:
        os.close(ruleset)
    return known


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        system.syscall(ADD_RULE, ruleset, PATH_BENEATH, struct.pack("=Qi", rights, parent), 0)
    finally:
        os.close(parent)
