"""`nnlint server`: findings in an editor, by the language server protocol."""

from __future__ import annotations

import click

from nnlint.cli.problems import CLEAN, Problem


@click.command()
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Serve on this port of this machine, not on standard input."
)
def server(port: int | None) -> int:
    """Serve an editor, by the language server protocol."""
    from nnlint.server import MissingLibrary, start

    try:
        start(port)
    except MissingLibrary as error:
        raise Problem(str(error)) from error
    return CLEAN
