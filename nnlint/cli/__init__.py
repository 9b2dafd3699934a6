"""The command line. What a command needs is imported when it runs, so that `--version` and `--help` are quick."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click

from nnlint import __version__
from nnlint.cli.baselining import baseline
from nnlint.cli.catalogue import explain, rules
from nnlint.cli.checking import check
from nnlint.cli.configuration import config
from nnlint.cli.probing import probe
from nnlint.cli.problems import CLEAN, FAILED, FOUND, INTERRUPTED, Problem
from nnlint.cli.serving import server


def main() -> NoReturn:
    """Run and exit: 0 nothing found, 1 findings, 2 nnlint could not do what was asked."""
    try:
        status = _run()
        if not sys.stdout.closed:  # as by a server whose client has gone
            sys.stdout.flush()
    except BrokenPipeError:  # the reader has gone, `nnlint | head`: nobody is left to complain to
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = FOUND
    sys.exit(status)


def _run() -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Unicode still gets the report
    try:
        return int(commands.main(prog_name="nnlint", standalone_mode=False) or CLEAN)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return FAILED
    except Problem as error:
        print(f"nnlint: {error}", file=sys.stderr)
        return FAILED


class CheckUnlessNamed(click.Group):
    """`nnlint src` is `nnlint check src`: what is no command is the path of a check."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("--help", "-h", "--version")):
            args = ["check", *args]
        return super().parse_args(ctx, args)


@click.group(cls=CheckUnlessNamed, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def commands() -> None:
    """Find the bugs of neural-network training that raise no exception.

    `nnlint PATH...` is `nnlint check PATH...`.
    """


for _command in (check, baseline, probe, explain, rules, config, server):
    commands.add_command(_command)
