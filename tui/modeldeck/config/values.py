"""What goes in and comes out: what the command line asks for, the resolved environments, and what is wrong with a setting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from pathlib import Path

from modeldeck.domain.environments import Environment


@dataclass(frozen=True, slots=True)
class Flags:
    """What the command line said about where to look. An empty value (or None) was not said."""

    environment: str = ""
    config: str = ""
    tracking_uri: str = ""
    kubeconfig: str = ""
    context: str = ""
    namespaces: tuple[str, ...] = ()
    """("*",) asks for every namespace that may be listed."""
    prometheus_url: str = ""
    theme: str = ""
    read_only: bool | None = None


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One wrong or doubtful setting: where it stands, which key is meant, what was expected, and what may have been meant."""

    severity: Severity
    where: str
    """"/home/me/.config/modeldeck/config.toml:12", "environment variable PROMETHEUS_URL" or "--theme"."""
    key: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        said = ": ".join(part for part in (self.where, self.key, self.message) if part)
        return f"{said}; {self.hint}" if self.hint else said


@dataclass(frozen=True, slots=True)
class ResolvedConfig:
    """Every environment that is known, and which of them is the current one. Only that one has its secrets read."""

    environments: tuple[Environment, ...]
    current: str
    warnings: tuple[Problem, ...]
    config_path: Path
    """Where the file is, or would be."""
    no_color: bool

    @property
    def environment(self) -> Environment:
        return next(each for each in self.environments if each.name == self.current)


@dataclass(frozen=True, slots=True)
class ConfigErrors:
    """Why nothing could be resolved: every problem that was found, errors first."""

    problems: tuple[Problem, ...]


class Layer(IntEnum):
    """Where a setting may come from, strongest first."""

    FLAG = 0
    VARIABLE = 1
    FILE = 2
    DISCOVERY = 3


@dataclass(frozen=True, slots=True)
class Setting:
    """One value that passed its check, and the place that gave it."""

    value: object
    origin: str
    """Short, for people: "config.toml:12"."""
    layer: Layer
    where: str = ""
    """In full, for a Problem about this setting; `origin` where that is the same."""

    @property
    def place(self) -> str:
        return self.where or self.origin


Settings = Mapping[str, Setting]
"""Dotted key ("mlflow.uri") → setting."""
