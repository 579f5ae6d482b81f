"""Which version a deployment serves since when, and which one it served before: each by the ReplicaSets that it had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modeldeck.domain.status.version_changes import ServingChange


@dataclass(frozen=True, slots=True)
class ServedVersion:
    """`version` None: its template names none. `since` in seconds since the epoch."""

    version: str | None
    replica_sets: tuple[str, ...]
    since: float


def served_versions(changes: Sequence[ServingChange]) -> tuple[ServedVersion, ...]:
    """The version that serves and those before it, newest first, of changes with the oldest first. Templates that follow each
    other and name the same version are one; one that names none is a version of its own. () where no ReplicaSet is known."""
    found: list[ServedVersion] = []
    for change in reversed(changes):
        last = found[-1] if found else None
        if last is not None and change.version is not None and change.version == last.version:
            found[-1] = ServedVersion(last.version, (*last.replica_sets, change.replica_set), change.at)
        else:
            found.append(ServedVersion(change.version, (change.replica_set,), change.at))
    return tuple(found)
