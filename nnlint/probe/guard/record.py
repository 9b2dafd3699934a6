"""What the script wanted to do beyond its scratch folder, for the report; where Linux does not help, its refusal."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from nnlint.probe import wire
from nnlint.probe.guard.files import WRITES
from nnlint.probe.guard.overlay import Overlay

MOST_NOTES = 50
ABSTRACT = ("\0", b"\0")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/shm/")

_CHANGES = {  # events of Python, and the positions of the paths in what they tell
    "os.remove": (0,), "os.rename": (0, 1), "os.rmdir": (0,), "os.mkdir": (0,), "os.link": (1,), "os.symlink": (1,),
    "os.truncate": (0,), "os.chmod": (0,), "os.chown": (0,), "os.utime": (0,), "os.setxattr": (0,),
    "os.removexattr": (0,), "os.mkfifo": (0,), "os.mknod": (0,),
}  # fmt: skip
_PROGRAMS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn")
_SIGNALS = ("os.kill", "os.killpg")
_CONTACTS = ("socket.connect", "socket.bind", "socket.sendto")


class Record:
    """Notes, each once. They are of this process, not of its forks."""

    def __init__(self, report: Callable[[bytes], None], folder: str) -> None:
        self._report = report
        self._folder = os.path.join(os.path.realpath(folder), "")
        self._noted: set[bytes] = set()
        self._process = os.getpid()

    def note(self, kind: str, **fields: Any) -> None:
        line = wire.line(kind, **fields)
        if line in self._noted or len(self._noted) >= MOST_NOTES or os.getpid() != self._process:
            return
        self._noted.add(line)
        self._report(line)

    def redirected(self, path: str) -> None:
        self.note("redirected", path=path.removeprefix(self._folder))


class Watch:
    """Hears of each event that Python's audit tells, and refuses what is `forbidden` with a PermissionError."""

    def __init__(self, record: Record, overlay: Overlay, root: str, is_weak: bool) -> None:
        self._roots = tuple(os.path.join(each, "") for each in (os.path.abspath(root), os.path.realpath(root)))
        self._record = record
        self._overlay = overlay
        self._is_weak = is_weak  # nothing but this stands before the user's files
        self._busy = threading.local()
        self._parent = os.getppid()
        self._judges: dict[str, Callable[[str, tuple[Any, ...]], str]] = {
            "open": self._opened,
            **dict.fromkeys(_CHANGES, self._changed),
            **dict.fromkeys(_PROGRAMS, self._started),
            **dict.fromkeys(_SIGNALS, self._signalled),
            **dict.fromkeys(_CONTACTS, self._contacted),
        }

    def install(self) -> None:
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        judge = self._judges.get(event)
        if judge is None or getattr(self._busy, "now", False):
            return
        self._busy.now = True
        try:
            forbidden = judge(event, arguments)
            if forbidden and (event not in _PROGRAMS or self._is_asked_for()):
                self._record.note("refused", event=event, what=forbidden)
        except Exception:
            return
        finally:
            self._busy.now = False
        if forbidden and (self._is_weak or event in _SIGNALS or event == "socket.connect"):
            raise PermissionError(1, "nnlint keeps a run from this", forbidden)

    def _opened(self, event: str, arguments: tuple[Any, ...]) -> str:
        path, mode, flags = arguments
        if mode is not None and not isinstance(path, int) and self._overlay.is_opening():
            return ""  # `files` has its own way to open it
        return self._outside(path) if flags & WRITES else ""

    def _changed(self, event: str, arguments: tuple[Any, ...]) -> str:
        return next(filter(None, (self._outside(arguments[position]) for position in _CHANGES[event])), "")

    def _started(self, event: str, arguments: tuple[Any, ...]) -> str:
        words = arguments[1] if event == "subprocess.Popen" else arguments[0]
        text = " ".join(map(_text, words)) if isinstance(words, (list, tuple)) else _text(words)
        if self._is_weak:
            return text[:200]
        if self._is_asked_for():
            self._record.note("program", command=text[:200])
        return ""

    def _is_asked_for(self) -> bool:
        """Whether the user's own code is on the stack, not only libraries that are being imported."""
        frame: FrameType | None = sys._getframe(2)
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith(self._roots) and "site-packages" not in name:
                return True
            frame = frame.f_back
        return False

    def _signalled(self, event: str, arguments: tuple[Any, ...]) -> str:
        target = arguments[0]
        forbidden = (self._parent, os.getpgid(self._parent)) if event == "os.kill" else (os.getpgid(self._parent),)
        return f"process {target}" if target in (1, -1, *forbidden) else ""

    def _contacted(self, event: str, arguments: tuple[Any, ...]) -> str:
        endpoint, address = arguments[0], arguments[-1]
        if endpoint.family == getattr(socket, "AF_UNIX", None):
            if event == "socket.bind" or not address or address[:1] in ABSTRACT:
                return ""
            return "" if os.fsdecode(address).startswith(self._overlay.scratch) else self._outside(address)
        if endpoint.family not in (socket.AF_INET, socket.AF_INET6):
            return ""
        if event == "socket.bind" and address[1] == 0:
            return ""
        return f"{address[0]}:{address[1]}"

    def _outside(self, path: Any) -> str:
        if isinstance(path, int):
            return ""
        text = os.path.abspath(os.fsdecode(path))
        own = text.startswith(self._overlay.scratch + "/") or text.startswith(DEVICES)
        return "" if own else text


def _text(word: Any) -> str:
    return os.fsdecode(word) if isinstance(word, (str, bytes, os.PathLike)) else repr(word)
