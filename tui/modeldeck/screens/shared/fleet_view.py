"""What the screens of operations may see of the console around them: the newest fleet and its truth rows, and no more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from modeldeck.domain.environments import Environment
from modeldeck.domain.identity import ClusterId
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.operations.operation import Operation
from modeldeck.domain.status.serving_row import ServingRow
from modeldeck.widgets.content.state import PaneState


@dataclass(frozen=True, slots=True)
class FleetView:
    environment: Environment
    fleet: Callable[[], Fleet | None]
    """The newest that was read; None before the first."""
    rows: Callable[[], Sequence[ServingRow]]
    """Its truth rows."""
    state: Callable[[], PaneState]
    """How fresh the fleet is."""
    awaited: Callable[[float], tuple[str, ...]]
    """Backends that are away, or have not been asked since a time (seconds since the epoch): the rows do not know what they say now."""
    cluster: Callable[[], ClusterId] = ClusterId
    """Which one it is, as far as it is known by now."""

    def row(self, key: str) -> ServingRow | None:
        """The truth row of `namespace/name`."""
        return next((row for row in self.rows() if row.key == key), None)

    def holds(self, operation: Operation) -> bool:
        """Whether the operation is one of this cluster: the journal knows those of all, and an environment's name may mean another one
        today."""
        same = operation.cluster.same(self.cluster())
        return operation.environment in ("", self.environment.name) if same is None else same
