"""What an operation would do, before it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from modeldeck.domain.failures import Failure
from modeldeck.domain.gates import Gate
from modeldeck.domain.identity import ClusterId
from modeldeck.domain.operations.checks import Check, Verdict
from modeldeck.domain.operations.intent import Intent
from modeldeck.domain.operations.steps import EVIDENCE, Step, StepName
from modeldeck.domain.operations.version_change import VersionChange


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What the plan was made from; compared again at apply. `alias_version` None: the alias does not exist."""

    deployment_uid: str
    generation: int
    template_hash: str
    alias_version: str | None
    version_status: str
    alias_known: bool = True
    """False: the registry could not be asked (a roll-back while MLflow is down)."""
    replicas: int | None = None
    places: Mapping[str, str] = field(default_factory=dict)
    """Pointer → digest of every place of the pod template, so that what changed can be named."""
    annotations: str = ""
    """Digest of the Deployment's own annotations. A change of them moves the generation, too."""
    last_operation: str = ""
    """The newest one in the Deployment's history; "" where it has none."""
    tagged: str | None = None
    """The operation that the tags of the version to promote told of; "" where they told of none, None where that is not known."""
    autoscaled: bool = False
    """Somebody else owns the replica count: a generation that moved with an equal template is then no news."""


@dataclass(frozen=True, slots=True)
class Target:
    """What an operation does to one Deployment: each of several may serve another model, and come from another version."""

    namespace: str
    deployment: str
    model: str
    alias: str
    from_version: str | None
    to_version: str
    fingerprint: Fingerprint
    slot_edits: Mapping[str, tuple[str | None, str | None]] = field(default_factory=dict)
    """JSON pointer below the Deployment → (value before, value after); None: absent."""
    by_alias: bool = False
    """An alias-served deployment: the alias moves first, then the pods restart."""
    run_id: str | None = None
    """The run that `to_version` came from, where known."""
    copied_from: str | None = None
    """`models:/NAME/VERSION` where `to_version` is made by a step of this plan, as a copy of that one."""
    gate: Gate | None = None
    """How the new pods are judged; None: not at all."""
    serving_sets: tuple[str, ...] = ()
    """Names of the ReplicaSets that served when the plan was made: what the new pods are compared with."""

    @property
    def key(self) -> str:
        """`namespace/name` of the Deployment."""
        return f"{self.namespace}/{self.deployment}"

    @property
    def change(self) -> VersionChange:
        return VersionChange(
            self.key,
            self.model,
            self.from_version,
            self.to_version,
            copied=self.copied_from is not None,
            uid=self.fingerprint.deployment_uid,
            alias=self.alias,
            alias_before=self.fingerprint.alias_version,
        )


@dataclass(frozen=True, slots=True)
class Plan:
    intent: Intent
    targets: tuple[Target, ...]
    """One for each Deployment, in the order in which they change; at least one."""
    steps: tuple[Step, ...]
    checks: tuple[Check, ...]
    id: str = ""
    """The id that the operation will have: it stands in the mark on the Deployment."""
    environment: str = ""
    cluster: ClusterId = field(default_factory=ClusterId)
    """The cluster of its Deployments: the environment's name may mean another one later."""
    registry: str = ""
    """Likewise its registry, as `ModelRegistry.identity` names it; "" where it could not be asked."""

    @property
    def last(self) -> Target:
        """The Deployment that matters most: the operation is named after it."""
        return self.targets[-1]

    @property
    def changes(self) -> tuple[VersionChange, ...]:
        """What is done to each Deployment, as one follows the other."""
        return tuple(target.change for target in self.targets)

    @property
    def refused(self) -> tuple[Check, ...]:
        return tuple(c for c in self.checks if c.verdict is Verdict.REFUSE)

    @property
    def already_there(self) -> bool:
        return not self.steps

    @property
    def commit_index(self) -> int:
        """Place of the last step that can be undone; everything after it is evidence."""
        return max((index for index, step in enumerate(self.steps) if step.name not in (*EVIDENCE, StepName.OTHER)), default=-1)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no plan can be made."""

    code: str
    message: str
    hint: str = ""
    checks: tuple[Check, ...] = ()
    failure: Failure | None = None
    """Where a backend was the reason (exit code 6)."""
