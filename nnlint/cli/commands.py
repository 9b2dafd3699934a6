"""The commands. What one needs is imported when it runs, so that `--version` and `--help` are quick."""

from __future__ import annotations

import gc
import sys

import click

from nnlint import __version__
from nnlint.cache.answers import Question
from nnlint.cli.baselining import baseline
from nnlint.cli.catalogue import explain, rules
from nnlint.cli.checking import check
from nnlint.cli.cleaning import clean
from nnlint.cli.configuration import config
from nnlint.cli.probing import probe
from nnlint.cli.problems import CLEAN, FAILED, INTERRUPTED, Problem
from nnlint.cli.serving import server


def run(question: Question) -> int:
    """Do what the command line says; the exit status."""
    collect_rarely()
    try:
        return int(commands.main(prog_name="nnlint", standalone_mode=False, obj=question) or CLEAN)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return FAILED
    except Problem as error:
        print(f"nnlint: {error}", file=sys.stderr)
        return error.status


def collect_rarely() -> None:
    """Let the garbage collector look for circles less often: an interpretation makes few, and a third of its time went
    into looking for them (measured on Informer2020: 16.4 s before, 10.9 s with these thresholds).

    The old objects are gone through after 4 million new ones: after 20 million, what pieces of work leave behind had
    piled up (90 files of Transformers: 228 MB then, 176 MB now).
    """
    gc.set_threshold(50_000, 20, 4)


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


for _command in (check, baseline, probe, explain, rules, config, clean, server):
    commands.add_command(_command)
