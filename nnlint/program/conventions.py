"""Names by which a project says what is for training and what for evaluation, where the usual words do not."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from nnlint.values import Role


@dataclass(frozen=True, slots=True)
class Conventions:
    """Names, or patterns of them as file names have (`*_monte_carlo`)."""

    training_loaders: tuple[str, ...] = ()
    evaluation_functions: tuple[str, ...] = ()

    def role_of_data(self, name: str) -> Role | None:
        """What the project says of data under that name."""
        return Role.TRAINING if _is_among(name, self.training_loaders) else None

    def role_of_function(self, name: str) -> Role | None:
        """What the project says of a function."""
        return Role.EVALUATION if _is_among(name, self.evaluation_functions) else None


def _is_among(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name.rpartition(".")[2], pattern) for pattern in patterns)
