"""Runs one command and writes down what it took: `python -I -S launch.py RESULT SECONDS COMMAND…`.

It is a process of its own, with few imports: the peak memory of a process counts what its parent held at the start.
"""

import json
import os
import resource
import signal
import sys
import time
from types import FrameType


def main() -> None:
    result, limit, *command = sys.argv[1:]
    start = time.perf_counter()
    child = os.fork()
    if not child:
        _become(command)
    stopped: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.append(number)
        os.killpg(child, signal.SIGKILL)

    for number in (signal.SIGALRM, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    signal.setitimer(signal.ITIMER_REAL, float(limit))
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - start
    taken = {
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "memory": usage.ru_maxrss / 1024,  # of the largest process among the child and its children
        "code": os.waitstatus_to_exitcode(status),
        "is_over": signal.SIGALRM in stopped,
    }
    with open(result, "w", encoding="utf-8") as file:
        json.dump(taken, file)
    if set(stopped) - {signal.SIGALRM}:
        sys.exit(130)


def _become(command: list[str]) -> None:
    os.setsid()  # so that its children can be stopped with it
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(error, file=sys.stderr)
        os._exit(127)


if __name__ == "__main__":
    main()
