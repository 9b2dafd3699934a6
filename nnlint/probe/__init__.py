"""The second witness: runs a training script for a few steps, in safety, and tells what happened.

The parent (`session`, `verdicts`) imports no torch. It starts a child (`child`), which restricts itself, hooks into
torch (`hooks`), lets the observers (`observers/`, one for each family of events) watch the script run, and reports what
they saw as the same events that the interpreter foretells.
"""
