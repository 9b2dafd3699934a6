"""The language server: findings while the code is written."""

from __future__ import annotations

import logging


class MissingLibrary(Exception):
    """What speaks the protocol is not installed."""


def start(port: int | None = None) -> None:
    """Serve on standard input and output, or on a port of this machine. Raises `MissingLibrary`."""
    try:
        from nnlint.server.server import make
    except ImportError as error:
        raise MissingLibrary(f"the server needs `{error.name}`: install nnlint[lsp]") from error
    logging.getLogger("pygls").setLevel(logging.ERROR)  # it warns of requests that are withdrawn when they are answered
    server = make()
    if port is None:
        server.start_io()
    else:
        server.start_tcp("127.0.0.1", port)
