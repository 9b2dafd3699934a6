"""The child that runs the script; it gets the descriptor for its report as argument, the request on standard input.

It leaves a `warden` behind, restricts itself, then imports torch, hooks into it, and runs the script. What it sees
goes, line by line, to the descriptor. Whatever the script does, the parent has what was sent before.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, NoReturn

from nnlint.probe.limits import Request

GRACE = 0.85  # of the time limit; then the script is asked to stop, so that there is time to say what was seen


def main() -> None:
    descriptor = int(sys.argv[2])
    os.set_inheritable(descriptor, False)
    request = Request.from_json(_line(0))
    script = os.fork()
    if script:
        _guard_and_end_as(script, request, descriptor)
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os._exit(serve(request, descriptor))


def serve(request: Request, descriptor: int) -> int:
    """Run the request in this process, which is not to be used for anything else behind it."""
    from nnlint.probe import guard

    report = speaker(descriptor)
    guard.install(request, report)
    try:
        return _Performance(request, report).give()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()


def speaker(descriptor: int) -> Callable[[bytes], None]:
    """Sends lines to the parent. What others write there is kept apart, and they do not close it."""
    descriptor = _keep_open(descriptor)

    def report(line: bytes) -> None:
        rest = b"\n" + line
        with contextlib.suppress(OSError):
            while rest:
                rest = rest[os.write(descriptor, rest) :]

    return report


def _keep_open(descriptor: int) -> int:
    """Scripts that become daemons close every descriptor that there may be: all but this one, then."""
    import fcntl

    with contextlib.suppress(OSError, ValueError):
        high = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 512)
        os.close(descriptor)
        descriptor = high
    close, close_range = os.close, os.closerange

    def closed(fd: int) -> None:
        if fd != descriptor:
            close(fd)

    def range_closed(fd_low: int, fd_high: int, /) -> None:
        if fd_low <= descriptor < fd_high:
            close_range(fd_low, descriptor)
            fd_low = descriptor + 1
        close_range(fd_low, fd_high)

    os.close, os.closerange = closed, range_closed
    return descriptor


def _line(descriptor: int) -> str:
    """A line, and nothing behind it, which is the warden's."""
    read = bytearray()
    while not read.endswith(b"\n"):
        part = os.read(descriptor, 1)
        if not part:
            os._exit(2)
        read += part
    return read.decode()


def _guard_and_end_as(script: int, request: Request, descriptor: int) -> NoReturn:
    """Be the warden, and end as the script did."""
    import resource

    from nnlint.probe import warden

    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)  # its end is that of standard input
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)

    def report(line: bytes) -> None:
        os.write(descriptor, b"\n" + line)

    status = warden.watch(script, 0, request.scratch, request.limits, report)
    if os.WIFSIGNALED(status):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        number = os.WTERMSIG(status)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status))


class _Performance:
    """The script runs, is stopped when enough was seen, and what was seen is told."""

    def __init__(self, request: Request, report: Any) -> None:
        started = time.monotonic()
        import torch

        from nnlint.probe.hooks import Hooks
        from nnlint.probe.observers import observers
        from nnlint.probe.run import Run

        self.run = Run(request, report)
        watching = [observer(self.run) for observer in observers()]
        self._recipe: Any = None
        if request.recipe:
            from nnlint.probe.recipe.cook import Cook

            self._recipe = Cook(self.run)
            watching += self._recipe.observers
        self._hooks = Hooks(self.run, watching)
        self._request = request
        self._stopped = 0
        self._over = False
        self._deadline = started + request.limits.time_limit * GRACE
        self.run.say(
            "started", decides=sorted({code for each in observers() for code in each.decides}), torch=torch.__version__
        )

    def give(self) -> int:
        from nnlint.probe import ranks, stage
        from nnlint.probe.budget import Enough

        self._say_device()
        if self._request.limits.fake_data:
            from nnlint.probe import substitutes

            substitutes.install(self.run)
        ranks.install(self.run.say)
        self._hooks.install(self._stop_if_late)
        signal.signal(signal.SIGALRM, self._alarm)
        signal.setitimer(signal.ITIMER_REAL, max(self._deadline - time.monotonic(), 0.1))
        how, error, status = "finished", "", 0
        try:
            with self._hooks.mode:
                stage.perform(self._request, _Marks(self), self.run.places.file)
            self.run.completed = True
        except Enough:
            how = "stopped"
        except stage.Unrunnable as problem:
            how, error, status = "unrunnable", str(problem), 2
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
            how = "crashed" if status else "finished"
            error = f"the script exited with {ended.code!r}" if status else ""
        except BaseException as raised:
            how, error, status = "crashed", _told(raised), 1
            traceback.print_exception(type(raised), raised, _own(raised.__traceback__))
        self._finish(how, error)
        return status

    def _say_device(self) -> None:
        """Whether the device that was asked for is there."""
        import torch

        device = self._request.limits.device
        if device.startswith("cuda") and torch.cuda.is_available():
            self.run.say("device", told=f"{device} is {torch.cuda.get_device_name(device)}")
        elif device.startswith("cuda"):
            self.run.say("device", told=f"there is no {device} here, the script finds the CPU alone")

    def _stop_if_late(self) -> None:
        if time.monotonic() > self._deadline:
            self._stop()

    def _alarm(self, signal_number: int, frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_REAL, 1.0)  # a bare `except:` may swallow it: again, then for good
        self._stop()

    def _stop(self) -> None:
        from nnlint.probe.budget import Enough

        self._stopped += 1
        if self._stopped > 3:
            self._finish("stopped", "")
            os._exit(0)
        raise Enough

    def _finish(self, how: str, error: str) -> None:
        """Let the observers say what they know at the end, once."""
        if self._over:
            return
        self._over = True
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._hooks.tell("ended")
        if self._recipe is not None:
            self._recipe.serve(self._request.limits.recipe_time)
        files = (getattr(module, "__file__", None) or "" for module in list(sys.modules.values()))
        own = sorted({path for name in files if (path := self.run.places.file(name))})
        self.run.say("ended", how=how, error=error, steps=self.run.step, cut=self.run.budget.cut, files=own)


class _Marks:
    """What the marks in the user's code call (`instrument`)."""

    def __init__(self, performance: _Performance) -> None:
        self._run, self._hooks = performance.run, performance._hooks
        self.loop = performance.run.budget.loop

    def goes_on(self, test: Any, site: int) -> Any:
        return self._run.budget.goes_on(test, (id(sys._getframe(1)), site))

    def collected(self, put: Any, *values: Any) -> Any:
        result = put(*values)
        self._hooks.tell("collected", getattr(put, "__self__", None), values)
        return result

    def thrown(self, value: Any, site: int) -> Any:
        self._hooks.tell("thrown", value)
        return value


def _own(trace: TracebackType | None) -> TracebackType | None:
    """The traceback from the script on, without nnlint's own frames above it."""
    folder = os.path.dirname(__file__)
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(folder):
        trace = trace.tb_next
    return trace


def _told(error: BaseException) -> str:
    """The error in one line, with the place in the script."""
    frames = traceback.extract_tb(error.__traceback__)
    here = os.path.dirname(__file__)
    own = [frame for frame in frames if "site-packages" not in frame.filename and not frame.filename.startswith(here)]
    place = f"{own[-1].filename}:{own[-1].lineno}: " if own else ""
    return f"{place}{type(error).__name__}: {error}"[:500]
