"""What the deck asks of whoever holds the backends. Messages go up; data comes down."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from modeldeck.domain.status.selection import PaneName, Selection
from modeldeck.domain.status.serving_row import ServingRow


@dataclass
class PromoteRequested(Message):
    """Promote `version` of `model` on the deployment of `row`."""

    row: ServingRow
    model: str
    version: str


@dataclass
class RollbackRequested(Message):
    """Choose a version to roll this deployment back to."""

    row: ServingRow


@dataclass
class RestartRequested(Message):
    """Restart the pods of this deployment."""

    row: ServingRow


@dataclass
class ScaleRequested(Message):
    """Ask for so many replicas."""

    row: ServingRow
    replicas: int


@dataclass
class RegisterRequested(Message):
    """Register what this run logged as a new version."""

    run_id: str
    run_name: str
    model: str | None
    """The registered model in view: a likely name."""


@dataclass
class CopyRequested(Message):
    """Put a text into the clipboard. `say` whether it is told what has become of it: of the text, or of `name` where that is shorter."""

    text: str
    say: bool = True
    name: str = ""


@dataclass
class DetailsRequested(Message):
    """Go into something: `what` is one of open, logs, describe, yaml, history, drift."""

    what: str
    pane: PaneName
    selection: Selection


@dataclass
class PickRequested(Message):
    """Choose another `environment`, `namespace`, `experiment` or `theme` from a list."""

    what: str


@dataclass
class OperationRequested(Message):
    """Look at one operation that the journal knows."""

    operation_id: str


@dataclass
class OperationsRequested(Message):
    """All operations, those of before, too."""
