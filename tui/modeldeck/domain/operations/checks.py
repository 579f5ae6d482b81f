"""What a plan holds against the world before it is applied."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    OK = "ok"
    WARN = "warn"
    REFUSE = "refuse"
    UNKNOWN = "unknown"


class CheckName(StrEnum):
    """What a check is of: the condition, as a plan names it."""

    REFERENCE = "reference"
    VARIABLES = "variables"
    OTHER_DEPLOYMENTS = "other deployments"
    OWNERS = "owners"
    AVAILABILITY = "availability"
    ENVIRONMENT = "environment"
    REASON = "reason"
    VERSION = "version"
    ARTIFACTS = "artifacts"
    PERMISSION = "permission to patch"
    ALIAS = "alias"
    ROLLOUT = "rollout"
    OTHER_OPERATIONS = "other operations"
    DRY_RUN = "dry run"
    AUTOSCALER = "autoscaler"
    GATE = "gate"
    ALERTS = "alerts"
    SILENCE = "silence"
    LOCK = "lock"
    OTHER = "other"
    """A check of a newer modeldeck, met in its journal."""


@dataclass(frozen=True, slots=True)
class Check:
    name: CheckName
    verdict: Verdict
    message: str
    hint: str = ""
    deployments: tuple[str, ...] = ()
    """`namespace/name` of those of a plan's Deployments that it is about; none where it is about the whole."""

    def is_about(self, key: str) -> bool:
        return not self.deployments or key in self.deployments

    @property
    def text(self) -> str:
        """The message, with the Deployments that it is about."""
        return f"{', '.join(self.deployments)}: {self.message}" if self.deployments else self.message
