"""Configuration: `[tool.nnlint]` of pyproject.toml or nnlint.toml, and what the command line says over it."""

from nnlint.config.hierarchy import Hierarchy, SettingsOf, command_line, load, override
from nnlint.config.layer import ConfigurationError, Layer
from nnlint.config.settings import Settings

__all__ = [
    "ConfigurationError",
    "Hierarchy",
    "Layer",
    "Settings",
    "SettingsOf",
    "command_line",
    "load",
    "override",
]
