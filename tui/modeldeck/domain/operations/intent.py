"""What an operator wants."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from modeldeck.domain.gates import Gate


class Kind(StrEnum):
    PROMOTE = "promote"
    ROLLBACK = "rollback"
    MOVE = "move"
    """Somebody else's doing, as far as it can be seen: what they meant by it is not known. Never an intent of ours."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What an operator wants. `to_version` None on a roll-back: the last version that served and was not itself rolled back."""

    kind: Kind
    namespace: str
    deployment: str
    model: str | None
    to_version: str | None
    actor: str
    reason: str = ""
    alias: str = "champion"
    rollout_deadline: float = 600.0
    """Seconds that a rollout may take at most, whatever the Deployment's own deadline says."""
    gate: Gate | None = None
    """None: the environment's own for this model."""
    then: tuple[str, ...] = ()
    """Further deployments, `namespace/name`, in order: what follows `deployment` when wanted; what came before it in a plan."""
    copy_to: str | None = None
    """The registered model that the version is copied to first, for the deployments that serve that one."""
    ungated: bool = False
    """Asked for without any gate, which needs a reason."""

    silence: bool = False
    """Whether alerts about its deployments are silenced while it is under way."""

    @property
    def key(self) -> str:
        """`namespace/name` of the deployment."""
        return f"{self.namespace}/{self.deployment}"
