"""From the API's objects to what operators talk about. Everything that may be null in an answer is a default here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from modeldeck.domain.kubernetes.workloads import (
    Condition,
    Container,
    ContainerKind,
    ContainerState,
    Controller,
    Deployment,
    EnvVar,
    Event,
    FieldOwner,
    Pod,
    PodTemplate,
    ReplicaSet,
    Strategy,
)
from modeldeck.domain.numerals import whole
from modeldeck.sources.kubernetes import responses, wire
from modeldeck.sources.kubernetes.pod_reason import pod_reason

REVISION = "deployment.kubernetes.io/revision"
CHANGE_CAUSE = "kubernetes.io/change-cause"

_USUAL_STRATEGY = Strategy()
_templates = msgspec.json.Decoder(wire.Template)
_anything = msgspec.json.Decoder()
_sorted = msgspec.json.Encoder(order="sorted")


def epoch(at: datetime | None) -> float | None:
    try:
        return None if at is None else at.timestamp()
    except (ValueError, OverflowError):  # the first or the last day there is, without a zone
        return None


def template_hash(raw: msgspec.Raw | bytes) -> str:
    """A digest of the whole template whatever the order of its keys: equal digests are equal templates."""
    return hashlib.sha256(_sorted.encode(_anything.decode(raw))).hexdigest()[:32]


def _container(spec: wire.ContainerSpec) -> Container:
    # The API leaves an empty value out: only with `valueFrom` does it come from elsewhere.
    env = (
        tuple([EnvVar(v.name, v.value or "") if v.value_from is None else EnvVar(v.name, v.value, _source(v.value_from)) for v in spec.env])
        if spec.env
        else ()
    )
    env_from = tuple([_set_source(found) for found in spec.env_from]) if spec.env_from else ()
    limits = spec.resources.limits if spec.resources is not None else None
    devices = tuple([f"{count} {name}" for name, count in limits.items() if "/" in name]) if limits else ()
    return Container(spec.name, spec.image, tuple(spec.command or ()), tuple(spec.args or ()), env, env_from, devices)


def _source(found: wire.ValueFrom) -> str:
    if found.config_map_key_ref is not None:
        return f"key {found.config_map_key_ref.key} of ConfigMap {found.config_map_key_ref.name}"
    if found.secret_key_ref is not None:
        return f"key {found.secret_key_ref.key} of Secret {found.secret_key_ref.name}"
    return f"the field {found.field_ref.field_path}" if found.field_ref is not None else "elsewhere"


def _set_source(found: wire.EnvFrom) -> str:
    if found.config_map_ref is not None:
        return f"ConfigMap {found.config_map_ref.name}"
    return f"Secret {found.secret_ref.name}" if found.secret_ref is not None else "elsewhere"


def _template(
    labels: Mapping[str, str] | None,
    annotations: Mapping[str, str] | None,
    containers: Iterable[wire.ContainerSpec] | None,
    init_containers: Iterable[wire.ContainerSpec] | None,
    node: str = "",
) -> PodTemplate:
    return PodTemplate(
        labels or {},
        annotations or {},
        tuple([_container(c) for c in containers or ()]),
        tuple([_container(c) for c in init_containers]) if init_containers else (),
        node,
    )


def template_of(template: wire.Template | None) -> PodTemplate:
    meta = template.metadata if template else None
    spec = template.spec if template else None
    return _template(
        meta.labels if meta else None,
        meta.annotations if meta else None,
        spec.containers if spec else None,
        spec.init_containers if spec else None,
        spec.node_name if spec else "",
    )


def _condition(c: wire.ConditionWire) -> Condition:
    return Condition(c.type, c.status, c.reason or "", c.message or "", epoch(c.last_transition_time))


def _field_owner(entry: wire.ManagedField) -> FieldOwner:
    spec = entry.fields.spec if entry.fields else None
    return FieldOwner(
        manager=entry.manager,
        operation=entry.operation,
        at=epoch(entry.time),
        owns_template=spec is not None and spec.template is not None,
        owns_replicas=spec is not None and spec.replicas is not None,
        subresource=entry.subresource,
    )


def _controller(meta: wire.Meta) -> wire.OwnerReference | None:
    return next((owner for owner in meta.owner_references or () if owner.controller), None)


def controller_of(meta: wire.Meta) -> Controller | None:
    owner = _controller(meta)
    return Controller(owner.api_version, owner.kind, owner.name) if owner else None


def _controller_uid(meta: wire.Meta) -> str | None:
    owner = _controller(meta)
    return owner.uid if owner else None


def _strategy(found: wire.StrategyWire | None) -> Strategy:
    if found is None:
        return _USUAL_STRATEGY
    rolling = found.rolling_update
    surge = "25%" if rolling is None or rolling.max_surge is None else str(rolling.max_surge)
    unavailable = "25%" if rolling is None or rolling.max_unavailable is None else str(rolling.max_unavailable)
    return Strategy(found.type == "Recreate", surge, unavailable)


def _revision(annotations: Mapping[str, str] | None) -> int:
    return whole((annotations or {}).get(REVISION, "")) or 0


def deployment_of(body: wire.DeploymentWire) -> Deployment:
    """Raises msgspec.ValidationError for a template that is none."""
    meta, spec, status = body.metadata, body.spec, body.status
    return Deployment(
        namespace=meta.namespace,
        name=meta.name,
        uid=meta.uid,
        resource_version=meta.resource_version,
        generation=meta.generation,
        observed_generation=status.observed_generation,
        labels=meta.labels or {},
        annotations=meta.annotations or {},
        selector=(spec.selector.match_labels if spec.selector else None) or {},
        template=template_of(_templates.decode(spec.template)),
        template_hash=template_hash(spec.template),
        desired=1 if spec.replicas is None else spec.replicas,
        replicas=status.replicas,
        updated=status.updated_replicas,
        ready=status.ready_replicas,
        available=status.available_replicas,
        paused=spec.paused,
        conditions=tuple(_condition(c) for c in status.conditions or ()),
        created_at=epoch(meta.creation_timestamp),
        owners=tuple(_field_owner(entry) for entry in meta.managed_fields or ()),
        controller=controller_of(meta),
        strategy=_strategy(spec.strategy),
    )


def replica_set_of(body: wire.ReplicaSetWire) -> ReplicaSet:
    meta = body.metadata
    annotations = meta.annotations or {}
    return ReplicaSet(
        namespace=meta.namespace,
        name=meta.name,
        uid=meta.uid,
        owner_uid=_controller_uid(meta),
        revision=_revision(annotations),
        change_cause=annotations.get(CHANGE_CAUSE, ""),
        annotations=annotations,
        template=template_of(body.spec.template),
        desired=1 if body.spec.replicas is None else body.spec.replicas,
        ready=body.status.ready_replicas,
        available=body.status.available_replicas,
        created_at=epoch(meta.creation_timestamp),
    )


_NO_STATE = wire.StateWire()


def _container_state(status: wire.ContainerStatus, kind: ContainerKind = ContainerKind.MAIN) -> ContainerState:
    state, last = status.state or _NO_STATE, status.last_state or _NO_STATE
    name, reason, message, code, started = "", "", "", None, None
    if state.waiting is not None:
        name, reason, message = "waiting", state.waiting.reason, state.waiting.message
    elif state.running is not None:
        name, started = "running", epoch(state.running.started_at)
    elif state.terminated is not None:
        ended = state.terminated
        name, reason, message, code, started = "terminated", ended.reason, ended.message, ended.exit_code, epoch(ended.started_at)
    before = last.terminated
    return ContainerState(
        name=status.name,
        image=status.image,
        ready=status.ready,
        restarts=status.restart_count,
        state=name,
        reason=reason,
        message=message,
        exit_code=code,
        started_at=started,
        last_reason=before.reason if before else "",
        last_message=before.message if before else "",
        last_exit_code=before.exit_code if before else None,
        kind=kind,
        started=bool(status.started),
        last_ended_at=epoch(before.finished_at) if before else None,
        image_id=status.image_id,
    )


def _container_states(body: wire.PodWire) -> tuple[ContainerState, ...]:
    status = body.status
    sidecars = {spec.name for spec in body.spec.init_containers or () if spec.restart_policy == "Always"}
    early = [
        _container_state(s, ContainerKind.SIDECAR if s.name in sidecars else ContainerKind.INIT)
        for s in status.init_container_statuses or ()
    ]
    main = [_container_state(s) for s in status.container_statuses or ()]
    return (*early, *main, *[_container_state(s, ContainerKind.EPHEMERAL) for s in status.ephemeral_container_statuses or ()])


def pod_of(body: wire.PodWire) -> Pod:
    meta, spec, status = body.metadata, body.spec, body.status
    conditions = {c.type: c for c in status.conditions or ()}
    scheduled = conditions.get("PodScheduled")
    return Pod(
        namespace=meta.namespace,
        name=meta.name,
        uid=meta.uid,
        owner_uid=_controller_uid(meta),
        phase=status.phase,
        ready=_holds(conditions, "Ready"),
        terminating=meta.deletion_timestamp is not None,
        reason=pod_reason(body),
        message=status.message,
        node=spec.node_name,
        ip=status.pod_ip,
        created_at=epoch(meta.creation_timestamp),
        started_at=epoch(status.start_time),
        template=_template(meta.labels, meta.annotations, spec.containers, spec.init_containers),
        containers=_container_states(body),
        initialized=_holds(conditions, "Initialized"),
        unscheduled=(scheduled.message or scheduled.reason or "") if scheduled is not None and scheduled.status == "False" else "",
        on_host_network=(on_host := spec.host_network or bool(status.pod_ip and status.pod_ip == status.host_ip)),
        host_ports=_ports(spec) if on_host else (),
    )


def _ports(spec: wire.PodSpec) -> tuple[int, ...]:
    containers = (*(spec.init_containers or ()), *(spec.containers or ()))
    return tuple(dict.fromkeys(port.container_port for each in containers for port in each.ports or () if port.container_port))


def _holds(conditions: Mapping[str, wire.ConditionWire], type_: str) -> bool:
    return type_ in conditions and conditions[type_].status == "True"


def event_of(body: responses.EventWire) -> Event:
    series, about = body.series, body.involved_object
    at = (series.last_observed_time if series else None) or body.last_timestamp or body.event_time or body.first_timestamp
    return Event(
        reason=body.reason,
        message=body.message,
        kind=about.kind if about else "",
        type=body.type,
        at=epoch(at or body.metadata.creation_timestamp),
        count=max(1, series.count if series else 0, body.count or 0),
        source=(body.source.component if body.source else "") or body.reporting_component,
        name=about.name if about else "",
        since=epoch(body.first_timestamp or body.event_time or body.metadata.creation_timestamp),
    )


def newest_first(events: Sequence[Event]) -> tuple[Event, ...]:
    return tuple(sorted(events, key=lambda event: event.at or 0.0, reverse=True))
