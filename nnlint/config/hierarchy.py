"""Where settings are found: each file has those of the nearest configuration around it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from nnlint import catalog, looks
from nnlint.config.layer import FILES, ConfigurationError, Layer, read, shown, wrong_rules
from nnlint.config.settings import Settings


class SettingsOf(Protocol):
    """Who knows the settings of each file."""

    def of(self, path: Path) -> Settings:
        """Raises `ConfigurationError`."""


class Hierarchy:
    """The settings of the nearest configuration around each file, and `over` them what the command line says.

    With `config` those of that file hold everywhere; with `isolated` no file is asked. The command line may name rules
    that the configuration around `start` brings along.
    """

    def __init__(
        self,
        over: Layer | None = None,
        config: Path | None = None,
        *,
        isolated: bool = False,
        start: Path | None = None,
    ) -> None:
        self._over = over
        self._fixed = named(config) if config is not None else Settings(root=Path.cwd()) if isolated else None
        self._folders: dict[str, Settings] = {}
        if over is not None and list(wrong_rules(over)):
            self.around(start or Path.cwd()).entries()
            if problems := list(wrong_rules(over)):
                raise ConfigurationError("\n".join(problems))
        if self._fixed is not None:
            self._fixed = self._with_over(self._fixed)

    def of(self, path: Path) -> Settings:
        """The settings that hold for a file. Raises `ConfigurationError`."""
        return self._within(os.path.dirname(os.path.abspath(path))) if self._fixed is None else self._fixed

    def around(self, path: Path) -> Settings:
        """The settings that hold for a file, or for the files in a folder. Raises `ConfigurationError`."""
        return self.of(path / "_" if path.is_dir() else path)

    def _within(self, folder: str) -> Settings:
        if folder not in self._folders:
            own, parent = in_folder(Path(folder)), os.path.dirname(folder)
            if own is not None:
                self._folders[folder] = self._with_over(own)
            elif parent != folder:
                self._folders[folder] = self._within(parent)
            else:
                self._folders[folder] = self._with_over(Settings(root=Path.cwd()))
        return self._folders[folder]

    def _with_over(self, settings: Settings) -> Settings:
        return settings if self._over is None else settings.over(self._over)


def load(start: Path) -> Settings:
    """The settings of the nearest configuration, upwards of `start`; else the defaults. Raises `ConfigurationError`."""
    start = Path(os.path.abspath(start))
    settings = Hierarchy().around(start)
    return settings if settings.layers else replace(settings, root=start if start.is_dir() else start.parent)


def override(settings: Settings, select: Sequence[str], ignore: Sequence[str]) -> Settings:
    """The settings with the command line over them.

    `--select` replaces what the file selects and ignores, `--ignore` adds. Raises `ConfigurationError`.
    """
    settings.entries()
    over = command_line(select=select, ignore=ignore)
    if problems := list(wrong_rules(over)):
        raise ConfigurationError("\n".join(problems))
    return settings.over(over)


def command_line(**options: object) -> Layer:
    """The layer of what options say; those that are empty say nothing. Patterns are relative to the working folder."""
    values = {name.replace("_", "-"): value for name, value in options.items() if value not in ((), [], {}, None)}
    return Layer(values, Path.cwd())


def in_folder(folder: Path) -> Settings | None:
    """The settings of the configuration that stands in a folder. Raises `ConfigurationError`."""
    for name in FILES:
        if looks.is_file(folder / name):
            layers = _chain(folder / name, ())
            if layers:
                _check_trust(layers, folder)
                return _settings(layers, folder)
    return None


def named(file: Path) -> Settings:
    """The settings of a file that the user names. Raises `ConfigurationError`."""
    file = Path(os.path.abspath(file))
    layers = _chain(file, ())
    if not layers:
        raise ConfigurationError(f"{shown(file)}: has no table [tool.nnlint]")
    return _settings(layers, file.parent)


def _check_trust(layers: tuple[Layer, ...], folder: Path) -> None:
    """Rules are code that runs: those of a project that is only looked at are not, unless its file is named."""
    here = Path.cwd()
    if here.is_relative_to(folder) or (_repository(here) is not None and _repository(here) == _repository(folder)):
        return
    for layer in layers:
        if layer.get("rule-paths"):
            raise ConfigurationError(
                f"{layer.origin('rule-paths')}: `rule-paths` would run Python code of another project: work in its "
                f"folder, or name the file by --config; --isolated leaves it out"
            )


def _repository(folder: Path) -> Path | None:
    return next((each for each in (folder, *folder.parents) if looks.exists(each / ".git")), None)


def _settings(layers: tuple[Layer, ...], root: Path) -> Settings:
    settings = Settings(root=root, layers=layers)
    for folder in settings.rule_folders():
        catalog.add_folder(folder)
    problems = [line for layer in layers for line in wrong_rules(layer)]
    if problems:
        raise ConfigurationError("\n".join(problems))
    return settings


def _chain(file: Path, through: tuple[Path, ...]) -> tuple[Layer, ...]:
    """The layers of a file and of those that it extends, these first."""
    if file in through:
        circle = " → ".join(shown(each) for each in (*through[through.index(file) :], file))
        raise ConfigurationError(f"{shown(through[0])}: `extend` goes in a circle: {circle}")
    layer = read(file)
    if layer is None:
        return ()
    if "extend" not in layer.values:
        return (layer,)
    other = Path(os.path.abspath(file.parent / os.path.expanduser(layer.get("extend"))))
    if not looks.is_file(other):
        raise ConfigurationError(f"{layer.origin('extend')}: `extend` names `{layer.get('extend')}`, which is no file")
    below = _chain(other, (*through, file))
    if not below:
        raise ConfigurationError(f"{layer.origin('extend')}: `extend`: {shown(other)} has no table [tool.nnlint]")
    return (*below, layer)
