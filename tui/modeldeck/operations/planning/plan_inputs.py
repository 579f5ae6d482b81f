"""What an operation is about, as it stands now: the Deployment, its one link, the model and the versions. Read, never changed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from modeldeck.domain.failures import Failure, NotFound, Rejected
from modeldeck.domain.kubernetes.pod_addresses import PodAddress
from modeldeck.domain.kubernetes.workloads import Deployment, Fleet, Pod
from modeldeck.domain.links.linking import link_in
from modeldeck.domain.links.links import RUN_ID_ANNOTATION, ServingLink
from modeldeck.domain.links.resolving import resolve
from modeldeck.domain.mlflow.announcements import Announcement, announced_by_others
from modeldeck.domain.mlflow.model_uri import parse
from modeldeck.domain.mlflow.registry import ModelVersion, RegisteredModel, Registry
from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.operations.operation import Operation
from modeldeck.domain.operations.plan import Refusal
from modeldeck.domain.operations.rollback_target import RollbackTarget
from modeldeck.operations.common.clients import Clients
from modeldeck.operations.planning.candidate_metrics import Span, measured_spans
from modeldeck.operations.planning.certain_link import LINK_HINT, certain_link
from modeldeck.operations.planning.rollback_candidates import rollback_targets
from modeldeck.ports import Clock, Journal, ModelRegistry

NO_TARGET = "no_target"
"""The code of the refusal that there is nowhere to roll back to."""
_OBSERVING = 2.0
_OBSERVING_POLL = 0.1


@dataclass(frozen=True, slots=True)
class PlanInputs:
    intent: Intent
    deployment: Deployment
    link: ServingLink
    model: str
    from_version: str | None
    """What the template names, an alias resolved to what it points at now."""
    version: ModelVersion | None
    """The version that is wanted; None: the registry does not know it, or is away."""
    to_version: str
    alias_version: str | None
    registry_failure: Failure | None
    """Why MLflow could not be asked. Only a roll-back gets this far then."""
    target: RollbackTarget | None = None
    copied: ModelVersion | None = None
    """The wanted version does not exist yet: it will be a copy of this one."""
    run_id: str | None = None
    """The run that the wanted version came from: as the registry says, else as the ReplicaSet remembers that served it."""
    pods: tuple[Pod, ...] = ()
    """Its own, those of the present template first."""
    addresses: tuple[PodAddress, ...] = ()
    """Of the pods that serve now."""
    moving: tuple[Announcement, ...] = ()
    """Other operations that are in the midst of moving the alias."""

    @property
    def by_alias(self) -> bool:
        """The pods follow the very alias that this operation moves."""
        return self.link.alias is not None


async def find_subject(
    intent: Intent, clients: Clients, journal: Journal, clock: Clock, copied: ModelVersion | None = None
) -> PlanInputs | Refusal:
    """Everything that a plan stands on, or why there can be none."""
    try:
        deployment = await _observed(intent, clients, clock)
        link = certain_link(deployment, clients)
        if isinstance(link, Refusal):
            return link
        fleet, (registry, away) = await asyncio.gather(_fleet(intent, clients), _asked(intent, link, clients))
        past = journal.operations()
    except NotFound as failure:
        return await _not_found(intent, clients, failure)
    except Failure as failure:
        return Refusal(failure.code, str(failure), failure.hint, failure=failure)
    if away is not None and (intent.kind is Kind.PROMOTE or link.alias is not None):
        return Refusal(away.code, str(away), away.hint, failure=away)
    read = _Read(deployment, link, registry, away, fleet, past, copied)
    found = _subject(intent, clients, read)
    if isinstance(found, Refusal) and found.code == NO_TARGET and clients.metrics is not None:
        # Nothing in the cluster or the registry remembers: Prometheus may.
        model = resolve(link, registry).model or intent.model or ""
        measured = await measured_spans(intent.namespace, intent.deployment, model, clients.metrics, clock, clients.environment.patterns)
        found = _subject(intent, clients, replace(read, measured=measured)) if measured else found
    return found


async def _not_found(intent: Intent, clients: Clients, failure: Failure) -> Refusal:
    """What of another kind has this name, else that there is nothing of it."""
    try:
        others = await clients.need_cluster().unhandled((intent.namespace,))
    except Failure:
        others = ()
    other = next((one for one in others if one.name == intent.deployment), None)
    if other is None:
        return Refusal("deployment_not_found", str(failure), "`modeldeck status` lists the deployments that can be seen")
    message = f"{other.key} is a {other.kind}: modeldeck changes Deployments only so far"
    return Refusal(
        "not_handled", message, f"change it where it is kept, or with kubectl -n {other.namespace} edit {other.kind} {other.name}"
    )


async def _observed(intent: Intent, clients: Clients, clock: Clock) -> Deployment:
    """The Deployment, given a moment for its controller to see the newest generation: even an annotation makes one."""
    cluster = clients.need_cluster()
    until = clock.monotonic() + _OBSERVING
    while True:
        deployment = await cluster.deployment(intent.namespace, intent.deployment)
        if deployment.observed_generation >= deployment.generation or clock.monotonic() >= until:
            return deployment
        await clock.sleep(_OBSERVING_POLL)


@dataclass(frozen=True, slots=True)
class _Read:
    """What has been read of the world."""

    deployment: Deployment
    link: ServingLink
    registry: Registry | None
    away: Failure | None
    fleet: Fleet
    past: tuple[Operation, ...]
    copied: ModelVersion | None
    measured: Mapping[str, Span] = field(default_factory=dict)


async def _fleet(intent: Intent, clients: Clients) -> Fleet:
    """Only a roll-back asks what served before."""
    if intent.kind is Kind.PROMOTE:
        return Fleet((), (), ())
    return await clients.need_cluster().fleet((intent.namespace,))


async def _asked(intent: Intent, link: ServingLink, clients: Clients) -> tuple[Registry | None, Failure | None]:
    """The part of the registry that matters, or why MLflow could not be asked."""
    try:
        registry = clients.need_registry()
        if intent.kind is Kind.PROMOTE and link.model is not None and link.stage is None and intent.to_version is not None:
            return await _one_model(registry, link.model, intent.to_version), None
        return await registry.registry(), None
    except Failure as failure:
        return None, failure


async def registry_or_none(clients: Clients) -> Registry | None:
    """All of the registry; None where MLflow cannot be asked."""
    try:
        return await clients.need_registry().registry()
    except Failure:
        return None


async def _one_model(registry: ModelRegistry, name: str, wanted: str) -> Registry:
    """Two small requests instead of all models and versions. What does not exist is not in the answer."""
    try:
        model = await registry.model(name)
    except NotFound:
        return Registry((), ())
    number = model.aliases.get(wanted[1:]) if wanted.startswith("@") else wanted
    try:
        versions = (await registry.version(name, number),) if number else ()
    except (NotFound, Rejected):
        # MLflow answers 400 for a version that is no number.
        versions = ()
    return Registry((model,), versions)


def _subject(intent: Intent, clients: Clients, read: _Read) -> PlanInputs | Refusal:
    deployment, link, registry = read.deployment, read.link, read.registry
    now = resolve(link, registry)
    model = now.model or intent.model
    if model is None:
        return Refusal("model_unknown", f"which model {deployment.key} serves cannot be told from {link.slot.text!r}", LINK_HINT)
    if intent.model is not None and intent.model != model:
        message = f"{deployment.key} serves {model}, not {intent.model}"
        return Refusal("other_model", message, f"name a deployment that serves {intent.model}")
    known = registry.model(model) if registry else None
    target: RollbackTarget | str | Refusal
    if intent.kind is Kind.PROMOTE:
        target = _wanted(intent, model, known)
    else:
        past = rollback_targets(
            deployment, read.fleet, read.past, registry, now.version, clients.environment.patterns, model, read.measured
        )
        target = _earlier(intent, model, past)
    if isinstance(target, Refusal):
        return target
    to_version = target if isinstance(target, str) else target.version
    version = registry.version(model, to_version) if registry else None
    if read.copied is not None:
        version = replace(read.copied, model=model, version=to_version)
    return PlanInputs(
        intent=intent,
        deployment=deployment,
        link=link,
        model=model,
        from_version=now.version,
        version=version,
        to_version=to_version,
        alias_version=known.aliases.get(alias_of(intent, link)) if known else None,
        registry_failure=read.away,
        target=None if isinstance(target, str) else target,
        copied=read.copied,
        moving=announced_by_others(known.tags, alias_of(intent, link)) if known else (),
        run_id=version.run_id if version else _kept_run(read, target, clients),
    )


def _kept_run(read: _Read, target: RollbackTarget | str, clients: Clients) -> str | None:
    """While MLflow is away, the template that served then still names its run."""
    if isinstance(target, str) or target.revision is None:
        return None
    own = (s for s in read.fleet.replica_sets if s.owner_uid == read.deployment.uid and s.revision == target.revision)
    links = (link_in(s.template, read.deployment, clients.environment.patterns) for s in own)
    link = next(links, None)
    return (link.run_id or dict(link.annotations).get(RUN_ID_ANNOTATION)) if link else None


def alias_of(intent: Intent, link: ServingLink) -> str:
    """The alias that moves: the one that the pods follow, else the one that was asked for."""
    return link.alias or intent.alias


def _wanted(intent: Intent, model: str, known: RegisteredModel | None) -> str | Refusal:
    """The version to promote: a number, or `@alias`."""
    wanted = intent.to_version
    if not wanted:
        return Refusal("usage", "a promotion needs a version")
    if not wanted.startswith("@"):
        return wanted
    found = known.aliases.get(wanted[1:]) if known else None
    return found or Refusal("version_not_found", f"{model} has no alias {wanted[1:]}")


def _earlier(intent: Intent, model: str, targets: tuple[RollbackTarget, ...]) -> RollbackTarget | str | Refusal:
    """The version to go back to: the one that was named, whether or not it is known to have served, else the default."""
    if intent.to_version:
        return next((target for target in targets if target.version == intent.to_version), intent.to_version)
    default = next((target for target in targets if target.is_default), None)
    if default is not None:
        return default
    others = ", ".join(target.version for target in targets) or "none"
    message = f"no earlier version of {model} is known to have served in {intent.key} without being rolled back"
    return Refusal(NO_TARGET, message, f"name one with --to VERSION; versions that served here: {others}")


def logged_source(version: ModelVersion | None) -> str:
    """The artifact location that a slot may name, "" where it is not one that a server could load by itself."""
    return version.source if version is not None and parse(version.source) is not None else ""
