"""One thing that happened, whoever tells of it. Times in seconds since the epoch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

LOOK_BACK = 1800.0
"""Seconds before the moment that are looked at where nobody says otherwise."""


class ChangeKind(StrEnum):
    PROMOTION = "promotion"
    ROLLBACK = "roll-back"
    VERSION = "version"
    """Another version, by no operation that is known."""
    ALIAS = "alias"
    ROLLOUT = "rollout"
    """Another template, or the same one once more."""
    CONFIG = "config"
    CRASH = "crash"
    """A container ended with an error, and was started again."""
    RESTART = "restart"
    SCALE = "scale"
    NODE = "node"
    POD = "pod"
    """A pod came, went, or was complained about."""
    OUTLIER = "outlier"
    """A pod that differs from its siblings."""
    ALERT = "alert"


class Reach(StrEnum):
    """How near it is to the deployment in question."""

    OWN = "own"
    """The deployment itself, its pods, or what they take their settings from."""
    NODE = "node"
    """What its pods run on."""
    NEIGHBOUR = "neighbour"
    """Others that may take resources from it, or send it requests."""


@dataclass(frozen=True, slots=True)
class ChangeEvent:
    """From `at` until `until` (None: at once) `what` happened to `subject`; `source` tells of it."""

    kind: ChangeKind
    at: float
    subject: str
    """`deployment serving/iris`, `pod iris-5d-x`, `node n1`."""
    what: str
    source: str
    """As its reader would look it up: `journal`, `ReplicaSet`, `Event`, `pod status`, `managedFields`, `Prometheus`."""
    until: float | None = None
    reach: Reach = Reach.OWN
    details: tuple[str, ...] = ()

    @property
    def end(self) -> float:
        return self.at if self.until is None else max(self.at, self.until)


@dataclass(frozen=True, slots=True)
class ChangeQuestion:
    """What happened around `moment`, and in `window` seconds before it?"""

    moment: float
    window: float = LOOK_BACK
    since: float | None = None
    """The last time that was surely before a jump, where the moment is that of one."""
    jump: str = ""
    """Which line jumped then, and how: "p99 41 ms → 180 ms"."""

    @property
    def begin(self) -> float:
        return (self.moment if self.since is None else min(self.since, self.moment)) - self.window


@dataclass(frozen=True, slots=True)
class Changes:
    """The answer, the likeliest cause of a jump at the moment first."""

    asked: ChangeQuestion
    events: tuple[ChangeEvent, ...]
    not_known: tuple[str, ...] = ()
    """What could not be looked at, so that it may have happened as well."""
