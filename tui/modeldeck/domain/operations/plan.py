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
class VersionChange:
    """What an operation does to one Deployment: each of several may serve another model, and come from another version."""

    key: str
    """`namespace/name`."""
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


@dataclass(frozen=True, slots=True)
class Plan:
    intent: Intent
    model: str
    from_version: str | None
    to_version: str
    steps: tuple[Step, ...]
    checks: tuple[Check, ...]
    fingerprint: Fingerprint
    slot_edits: Mapping[str, tuple[str | None, str | None]]
    """JSON pointer below the Deployment → (value before, value after); None: absent."""
    by_alias: bool = False
    """An alias-served deployment: the alias moves first, then the pods restart."""
    id: str = ""
    """The id that the operation will have: it stands in the mark on the Deployment."""
    environment: str = ""
    run_id: str | None = None
    """The run that `to_version` came from, where known."""
    copied_from: str | None = None
    """`models:/NAME/VERSION` where `to_version` is made by a step of this plan, as a copy of that one."""
    gate: Gate | None = None
    """How the new pods are judged; None: not at all."""
    serving_sets: tuple[str, ...] = ()
    """Names of the ReplicaSets that served when the plan was made: what the new pods are compared with."""
    cluster: ClusterId = field(default_factory=ClusterId)
    """The cluster of its Deployments: the environment's name may mean another one later."""
    registry: str = ""
    """Likewise its registry, as `ModelRegistry.identity` names it; "" where it could not be asked."""
    others: tuple[Plan, ...] = ()
    """What is done to further deployments, in order and before this one: plans without steps, as the steps of all stand here."""

    def target(self, number: int) -> Plan:
        """The plan of one deployment: 0 is this one."""
        return self if number == 0 else self.others[number - 1]

    @property
    def targets(self) -> tuple[Plan, ...]:
        return (self, *self.others)

    @property
    def parts(self) -> tuple[VersionChange, ...]:
        """What is done to each Deployment, as one follows the other."""
        own = VersionChange(
            self.intent.key,
            self.model,
            self.from_version,
            self.to_version,
            copied=self.copied_from is not None,
            uid=self.fingerprint.deployment_uid,
            alias=self.intent.alias,
            alias_before=self.fingerprint.alias_version,
        )
        return (*(part for other in self.others for part in other.parts), own)

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
