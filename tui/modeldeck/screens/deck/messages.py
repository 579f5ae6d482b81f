"""What the deck asks of whoever holds the backends. Messages go up; data comes down."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from modeldeck.domain.status.selection import Pane, Selection
from modeldeck.domain.status.serving_row import TruthRow


@dataclass
class PromoteWanted(Message):
    """Promote `version` of `model` on the deployment of `row`."""

    row: TruthRow
    model: str
    version: str


@dataclass
class RollbackWanted(Message):
    """Choose a version to roll this deployment back to."""

    row: TruthRow


@dataclass
class RestartWanted(Message):
    """Restart the pods of this deployment."""

    row: TruthRow


@dataclass
class ScaleWanted(Message):
    """Ask for so many replicas."""

    row: TruthRow
    replicas: int


@dataclass
class RegisterWanted(Message):
    """Register what this run logged as a new version."""

    run_id: str
    run_name: str
    model: str | None
    """The registered model in view: a likely name."""


@dataclass
class CopyWanted(Message):
    """Put a text into the clipboard. `say` whether the text is told with what has become of it."""

    text: str
    say: bool = True


@dataclass
class DepthWanted(Message):
    """Go into something: `what` is one of open, logs, describe, yaml, history."""

    what: str
    pane: Pane
    selection: Selection


@dataclass
class PickWanted(Message):
    """Choose another `environment`, `namespace`, `experiment` or `theme` from a list."""

    what: str


@dataclass
class OperationWanted(Message):
    """Look at one operation that the journal knows."""

    operation_id: str


@dataclass
class OperationsWanted(Message):
    """All operations, those of before, too."""
