"""One move of the past, whoever made it."""

from __future__ import annotations

from dataclasses import dataclass, field

from modeldeck.domain.identity import ClusterId
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Outcome, State
from modeldeck.domain.operations.version_change import VersionChange


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """An operation, or somebody else's doing (`Kind.MOVE`), of which less is known: who is "" then. Times in seconds since the epoch."""

    id: str
    kind: Kind
    actor: str
    changes: tuple[VersionChange, ...]
    """One for each of its Deployments, as one followed the other; of an alias that was seen to move, one without a Deployment."""
    reason: str
    state: State
    outcome: Outcome | None
    started_at: float
    finished_at: float | None
    message: str
    source: str
    """`journal`, `tags`, `cluster` or `registry`: where it is known from."""
    environment: str = ""
    cluster: ClusterId = field(default_factory=ClusterId)
    concerns: frozenset[str] = frozenset()
    """`namespace/name` of Deployments that it is not on, but that serve its model."""
    elsewhere: frozenset[str] = frozenset()
    """`namespace/name` of its Deployments that are not those of this name here: in another cluster, or deleted since."""

    @property
    def last(self) -> VersionChange:
        """Of the Deployment that the operation is named after."""
        return self.changes[-1]

    @property
    def keys(self) -> tuple[str, ...]:
        """`namespace/name` of its Deployments."""
        return tuple(change.key for change in self.changes if change.key)

    def is_about(self, subject: str) -> bool:
        """A model, `namespace/name`, or the name of a Deployment."""
        keys = {*self.keys, *self.concerns} - self.elsewhere
        return subject == self.last.model or subject in keys or subject in {key.partition("/")[2] for key in keys}
