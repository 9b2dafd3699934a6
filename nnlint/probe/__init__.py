"""The second witness: runs a training script for a few steps, in safety, and tells what happened.

The parent (`session`, `verdicts`) imports no torch. It starts a child (`child`), which restricts itself, hooks into
torch (`hooks`), lets the observers (`observers/`, one for each family of events) watch the script run, and reports what
they saw as the same events that the interpreter foretells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnlint.probe.watching import Watch, watch

__all__ = ["Watch", "watch"]


def __getattr__(name: str) -> object:
    """The face for Python is imported when it is asked for."""
    if name in __all__:
        from nnlint.probe import watching

        return getattr(watching, name)
    raise AttributeError(name)
