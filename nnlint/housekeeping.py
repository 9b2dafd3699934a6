"""What nnlint says of the files themselves, with a code and a page as every rule has."""

from __future__ import annotations

from typing import ClassVar

from nnlint.finding import Safety, Severity


class UnreadableFile:
    """A file can not be read, decoded or parsed, so that nothing is known of it.

    ## What it does

    Reports a file that can not be opened, is not text in the encoding that it declares, or is not Python; of a
    notebook, each cell that is neither Python nor something of IPython. The other cells are checked all the same.

    ## Why it fails silently

    A file that is skipped looks like a file without a bug.

    ## Example

    ```python
    # a script for Python 2, of which nnlint sees nothing:
    #     print "loss", loss
    ```

    ## Instead

    ```python
    print("loss", 0.25)
    ```

    ## Fix safety

    There is no fix.

    ## Quiet when

    The file is left out with `exclude`.

    ## References

    - [PEP 263, defining Python source code encodings](https://peps.python.org/pep-0263/)
    """

    code: ClassVar[str] = "NN000"
    name: ClassVar[str] = "unreadable-file"
    severity: ClassVar[Severity] = Severity.ERROR
    enabled: ClassVar[bool] = True
    fix: ClassVar[Safety | None] = None


class UnusedSuppression:
    """A comment suppresses a finding that is not there.

    ## What it does

    Reports a `# nnlint: ignore` or `# nnlint: ignore-file` comment, or a code in it, that suppresses nothing; codes
    that name no rule; and comments that are nearly right, such as `# nnlint: disable=NN101`.

    ## Why it fails silently

    A suppression that outlives its finding hides the next one on that line.

    ## Example

    ```python
    learning_rate = 1e-3  # nnlint: ignore[NN101]
    ```

    ## Instead

    ```python
    learning_rate = 1e-3
    ```

    ## Fix safety

    Safe: it takes out the code, or the whole comment with its reason, and leaves other comments on the line alone. A
    comment that is misspelt is left to you.

    ## Quiet when

    The rule that the comment names is not selected. `# noqa` comments are never reported: other tools read them too.

    ## References

    - [Suppressing findings](https://docs.astral.sh/ruff/rules/unused-noqa/), the same habit in another linter
    """

    code: ClassVar[str] = "NN001"
    name: ClassVar[str] = "unused-suppression"
    severity: ClassVar[Severity] = Severity.INFORMATION
    enabled: ClassVar[bool] = True
    fix: ClassVar[Safety | None] = Safety.SAFE
