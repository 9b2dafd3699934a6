"""`nnlint clean`."""

from __future__ import annotations

import click

from nnlint.cache import folder
from nnlint.cli.problems import CLEAN, Problem


@click.command()
@click.option("--cache-dir", metavar="DIR", help=f"Another cache than the project's. [env: {folder.ELSEWHERE}]")
def clean(cache_dir: str | None) -> int:
    """Delete the cache of the project around this folder."""
    cache = folder.chosen(["--cache-dir", cache_dir] if cache_dir else [])
    if cache is None:
        raise click.UsageError(f"there is no cache: {folder.OFF} is set")
    try:
        was_there = folder.remove(cache)
    except OSError as error:
        raise Problem(f"`{folder.shown(cache)}` can not be deleted: {error.strerror}") from error
    if cache.exists() and not was_there:
        raise Problem(f"`{folder.shown(cache)}` is no cache of nnlint: it is left alone")
    click.echo(f"{folder.shown(cache)}: deleted" if was_there else "there is no cache")
    return CLEAN
