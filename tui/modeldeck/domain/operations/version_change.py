"""From which version to which, on one Deployment."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VersionChange:
    """What was, or is to be, done to one Deployment: each of several may serve another model, and come from another version."""

    key: str
    """`namespace/name`; "" where only an alias was seen to move."""
    model: str
    from_version: str | None
    to_version: str
    copied: bool = False
    """Whether `to_version` is made as a copy, by the same operation."""
    uid: str = ""
    """Tells deployments of the same name in two clusters apart; "" where the memory does not say."""
    alias: str = ""
    alias_before: str | None = None
    """What the alias pointed at when it was planned; None: nothing, or not known."""

    @property
    def namespace(self) -> str:
        return self.key.rpartition("/")[0]

    @property
    def deployment(self) -> str:
        return self.key.rpartition("/")[2]
