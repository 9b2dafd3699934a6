"""Keeps a run from doing harm: to files, to other processes, to the network."""

from __future__ import annotations

from collections.abc import Callable

from nnlint.probe.limits import Request


def install(request: Request, report: Callable[[bytes], None]) -> None:
    """Restrict this process, before torch is imported and before the script runs."""
