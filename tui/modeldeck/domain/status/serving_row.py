"""The truth row: what the alias says, what the template says, what the pods really serve, and every disagreement between them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from modeldeck.domain.alerts.alert import Alert
from modeldeck.domain.kubernetes.rollout import RolloutStatus
from modeldeck.domain.links.links import ServingLink
from modeldeck.domain.metrics.samples import ServingStats


class Code(StrEnum):
    """Why a truth row disagrees. A contract: these stand in `status --output json`."""

    ALIAS_DIFFERS = "alias-differs"
    PODS_DIFFER = "pods-differ"
    MIXED_VERSIONS = "mixed-versions"
    ALIAS_MOVED = "alias-moved-since-start"
    VERSION_MISSING = "version-missing"
    VERSION_NOT_READY = "version-not-ready"
    ALIAS_MISSING = "alias-missing"
    SEVERAL_LINKS = "several-links"
    ANNOTATION_DIFFERS = "annotation-differs"
    NOT_SERVING = "not-serving"


@dataclass(frozen=True, slots=True)
class Disagreement:
    code: Code
    message: str


@dataclass(frozen=True, slots=True)
class LiveVersion:
    """One version among the pods that run: None is a version nobody can tell."""

    version: str | None
    pods: int
    ready: int


@dataclass(frozen=True, slots=True)
class ServingRow:
    namespace: str
    deployment: str
    link: ServingLink | None
    model: str | None
    spec_version: str | None
    """The version that the template names, an alias resolved to what it points at now."""
    alias: str | None
    """The alias that this row is held against: the one that the template names, else the champion's."""
    alias_version: str | None
    live: tuple[LiveVersion, ...]
    desired: int
    updated: int
    ready: int
    available: int
    rollout: RolloutStatus
    revision: int
    stats: ServingStats
    disagreements: tuple[Disagreement, ...]
    operation: str | None = None
    """The id of the operation under way, from the Deployment's annotation."""
    references: tuple[ServingLink, ...] = ()
    """Every reference of the template; without a `link`, it is not certain which of them serves."""
    unread: tuple[str, ...] = ()
    """In words: what may say which version serves, but does not stand in the template. Only where there is no `link`."""
    called: tuple[str, ...] = ()
    """What servers call their version, where that is not known to mean the registered one."""

    alerts: tuple[Alert, ...] | None = ()
    """Those about it, firing ones first; None: not known any more."""

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.deployment}"
