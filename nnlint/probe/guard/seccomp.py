"""A filter of system calls: no sockets but those of this machine's processes, and TCP, which Landlock keeps at home.

Modes, owners, times and attributes of files are not Landlock's business. A script that sets them is told that it was
done, and nothing is: its own files are in the scratch folder, where they matter to nobody.
"""

from __future__ import annotations

import ctypes
import errno
import socket
from dataclasses import dataclass, field

from nnlint.probe.guard import system

LOAD, EQUAL, AT_LEAST, SOME_BITS, AND, RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
ALLOW, ERROR = 0x7FFF0000, 0x00050000
FILTER = 2  # of prctl(PR_SET_SECCOMP)
OTHER_ABI = 0x40000000  # x32: the same calls under other numbers
KINDS_OF_SOCKET = 0xF  # the rest are flags
FAST_OPEN = 0x20000000  # sends to a TCP address without `connect`

# The numbers: socket, sendto, io_uring_setup; then chmod, chown, utime, setxattr and removexattr in all their forms.
_NUMBERS = {
    "x86_64": (
        0xC000003E, 41, 44, 425,
        (90, 91, 268, 452, 92, 93, 94, 260, 132, 235, 261, 280, 188, 189, 190, 197, 198, 199, 463, 466),
    ),
    "aarch64": (0xC00000B7, 198, 206, 425, (52, 53, 452, 54, 55, 88, 5, 6, 7, 14, 15, 16, 463, 466)),
}  # fmt: skip


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("true", ctypes.c_uint8), ("false", ctypes.c_uint8), ("k", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


@dataclass(slots=True)
class _Filter:
    """Instructions, each as (code, k, steps to go on if true, steps if false)."""

    lines: list[tuple[int, int, int, int]] = field(default_factory=list)

    def load(self, offset: int) -> None:
        self.lines.append((LOAD, offset, 0, 0))

    def when(self, test: int, value: int, result: int, *, is_not: bool = False) -> None:
        """Return the result if the test of what was loaded holds."""
        self.lines.append((test, value, int(is_not), int(not is_not)))
        self.give(result)

    def give(self, result: int) -> None:
        self.lines.append((RETURN, result, 0, 0))


def restrict(has_tcp: bool) -> bool:
    """Set the filter. `has_tcp` allows TCP sockets. Whether it holds now."""
    numbers = _NUMBERS.get(system.MACHINE)
    if not system.IS_LINUX or numbers is None or not system.prctl(system.NO_NEW_PRIVILEGES, 1):
        return False
    lines = _instructions(numbers, has_tcp)
    array = (_Instruction * len(lines))(*(_Instruction(code, true, false, k) for code, k, true, false in lines))
    return system.prctl(system.SECCOMP, FILTER, ctypes.byref(_Program(len(lines), array)))


def _instructions(
    numbers: tuple[int, int, int, int, tuple[int, ...]], has_tcp: bool
) -> list[tuple[int, int, int, int]]:
    architecture, new_socket, send_to, ring, of_metadata = numbers
    program = _Filter()
    program.load(4)
    program.when(EQUAL, architecture, ERROR | errno.ENOSYS, is_not=True)
    program.load(0)
    program.when(AT_LEAST, OTHER_ABI, ERROR | errno.ENOSYS)
    program.when(EQUAL, ring, ERROR | errno.ENOSYS)  # a second way to all system calls
    for number in of_metadata:
        program.when(EQUAL, number, ERROR)  # no error, nothing done

    sending = _Filter()
    sending.load(_argument(3))
    sending.when(SOME_BITS, FAST_OPEN, ERROR | errno.EOPNOTSUPP)
    sending.give(ALLOW)
    program.lines.append((EQUAL, send_to, 0, len(sending.lines)))
    program.lines += sending.lines

    program.when(EQUAL, new_socket, ALLOW, is_not=True)
    program.load(_argument(0))
    for family in (socket.AF_UNIX, 16):  # 16: netlink, which tells of this machine's interfaces
        program.when(EQUAL, family, ALLOW)
    if has_tcp:
        inner = _Filter()
        inner.load(_argument(1))
        inner.lines.append((AND, KINDS_OF_SOCKET, 0, 0))
        inner.when(EQUAL, socket.SOCK_STREAM, ERROR | errno.EACCES, is_not=True)
        inner.load(_argument(2))
        inner.when(EQUAL, 0, ALLOW)
        inner.when(EQUAL, socket.IPPROTO_TCP, ALLOW)
        inner.give(ERROR | errno.EACCES)
        program.lines.append((EQUAL, socket.AF_INET, 1, 0))
        program.lines.append((EQUAL, socket.AF_INET6, 0, len(inner.lines)))
        program.lines += inner.lines
    program.give(ERROR | errno.EACCES)
    return program.lines


def _argument(number: int) -> int:
    """Where the lower half of a call's argument is, on little-endian machines."""
    return 16 + 8 * number
