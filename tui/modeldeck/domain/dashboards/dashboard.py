"""A dashboard as it is shown here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

ALL = "$__all"
"""Grafana's value for every value of a variable."""


class VariableKind(StrEnum):
    QUERY = "query"
    CUSTOM = "custom"
    CONSTANT = "constant"
    INTERVAL = "interval"
    TEXT = "textbox"


@dataclass(frozen=True, slots=True)
class Variable:
    """`query` is as its kind has it: `label_values(up, job)`, `a,b`, `1m,10m`, a constant. `current` is what the file has chosen."""

    name: str
    kind: VariableKind
    query: str
    label: str = ""
    regex: str = ""
    multi: bool = False
    include_all: bool = False
    all_value: str = ""
    current: tuple[str, ...] = ()
    hidden: bool = False

    @property
    def several(self) -> bool:
        """Whether its value goes into a query as a regular expression."""
        return self.multi or self.include_all


@dataclass(frozen=True, slots=True)
class PanelQuery:
    """One query of a panel. `least_step` in seconds; 0: none."""

    expr: str
    legend: str = ""
    least_step: float = 0.0


@dataclass(frozen=True, slots=True)
class DashboardPanel:
    title: str
    row: str
    targets: tuple[PanelQuery, ...]
    unit: str = ""
    """Grafana's name of it: `s`, `percentunit`, `reqps`."""
    notes: tuple[str, ...] = ()
    """What is different from what Grafana shows."""


@dataclass(frozen=True, slots=True)
class Unshown:
    """`panel` is the title of a panel, or what else of the file is left out."""

    panel: str
    reason: str


@dataclass(frozen=True, slots=True)
class Dashboard:
    title: str
    panels: tuple[DashboardPanel, ...]
    variables: tuple[Variable, ...] = ()
    unshown: Sequence[Unshown] = ()
