"""Every way in which alias, template and pods can contradict each other, and the words for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from modeldeck.domain.kubernetes.rollout import RolloutTrouble
from modeldeck.domain.kubernetes.workloads import ContainerKind, Deployment, Pod
from modeldeck.domain.links.linking import unread
from modeldeck.domain.links.links import ServingLink
from modeldeck.domain.links.resolving import Resolved
from modeldeck.domain.mlflow.registry import Registry
from modeldeck.domain.status.serving_row import Code, Disagreement, LiveVersion


@dataclass(frozen=True, slots=True)
class RowEvidence:
    """What one truth row is judged by. `running` are the pods that run and are not ending; `versions` theirs by pod name."""

    deployment: Deployment
    links: Sequence[ServingLink]
    link: ServingLink | None
    spec: Resolved
    alias: str | None
    alias_version: str | None
    live: tuple[LiveVersion, ...]
    registry: Registry | None
    running: tuple[Pod, ...]
    versions: Mapping[str, str | None]


def disagreements(evidence: RowEvidence, trouble: RolloutTrouble | None = None) -> tuple[Disagreement, ...]:
    """The gravest first: what does not serve, then what serves something else, then what is written inconsistently."""
    return tuple(_all(evidence, trouble))


def _all(evidence: RowEvidence, trouble: RolloutTrouble | None) -> Iterator[Disagreement]:
    yield from _not_serving(evidence, trouble)
    yield from _registry(evidence)
    yield from _alias(evidence)
    yield from _pods(evidence)
    yield from _template(evidence)


def v(version: str | None) -> str:
    """`v7`; names that are no numbers stand as they are."""
    if version is None:
        return "an unknown version"
    return f"v{version}" if version.isdigit() else version


def _not_serving(e: RowEvidence, trouble: RolloutTrouble | None) -> Iterator[Disagreement]:
    # The Deployment's own count: its pods may be hidden from us, or still on their way.
    if e.deployment.desired > 0 and e.deployment.ready == 0 and not any(live.ready for live in e.live):
        why = f": {trouble.message}" if trouble else ""
        yield Disagreement(Code.NOT_SERVING, f"no pod of {e.deployment.desired} is ready{why}")


def _registry(e: RowEvidence) -> Iterator[Disagreement]:
    if e.registry is None or e.spec.model is None or e.link is None:
        return
    model = e.registry.model(e.spec.model)
    if model is None:
        yield Disagreement(Code.VERSION_MISSING, f"the registry has no model {e.spec.model}")
    elif e.link.alias is not None and e.link.alias not in model.aliases:
        yield Disagreement(Code.ALIAS_MISSING, f"{e.spec.model} has no alias {e.link.alias}: new pods cannot start")
    elif e.spec.version is not None:
        version = e.registry.version(e.spec.model, e.spec.version)
        if version is None:
            yield Disagreement(Code.VERSION_MISSING, f"the registry has no {v(e.spec.version)} of {e.spec.model}")
        elif version.status != "READY":
            yield Disagreement(Code.VERSION_NOT_READY, f"{v(e.spec.version)} of {e.spec.model} is {version.status}")


def _alias(e: RowEvidence) -> Iterator[Disagreement]:
    if e.link is None or e.alias_version is None:
        return
    if e.link.alias is None:
        if e.spec.version is not None and e.spec.version != e.alias_version:
            message = f"alias {e.alias} says {v(e.alias_version)}, the template says {v(e.spec.version)}"
            yield Disagreement(Code.ALIAS_DIFFERS, message)
        return
    others = sorted({live.version for live in e.live if live.version not in (None, e.alias_version)}, key=str)
    if others:
        serve = " and ".join(v(version) for version in others)
        message = f"alias {e.alias} moved to {v(e.alias_version)} since pods started that serve {serve}: restart to follow it"
        yield Disagreement(Code.ALIAS_MOVED, message)
    elif _older_than_version(e):
        message = f"alias {e.alias} says {v(e.alias_version)}, which was created after these pods started: restart to follow it"
        yield Disagreement(Code.ALIAS_MOVED, message)


def _older_than_version(e: RowEvidence) -> bool:
    """The one thing that MLflow's times can prove: a pod that started before the version existed does not serve it."""
    if e.registry is None or e.spec.model is None or e.alias_version is None:
        return False
    version = e.registry.version(e.spec.model, e.alias_version)
    created = version.created_at if version else None
    if created is None:
        return False
    return any(_asked_last(pod) < created for pod in e.running if e.versions[pod.name] is None)


def _asked_last(pod: Pod) -> float:
    """When one of its containers last started, and so last asked what the alias points at. Infinite where nobody says."""
    starts = [c.started_at for c in pod.containers if c.started_at is not None and c.kind is not ContainerKind.EPHEMERAL]
    return max(starts) if starts else (pod.started_at if pod.started_at is not None else float("inf"))


def _pods(e: RowEvidence) -> Iterator[Disagreement]:
    serving = [live for live in e.live if live.ready and live.version is not None]
    wanted = e.spec.version
    others = [live for live in serving if live.version != wanted]
    if wanted is not None and others and e.link is not None and e.link.alias is None:
        count = sum(live.ready for live in others)
        pods = "1 ready pod serves" if count == 1 else f"{count} ready pods serve"
        message = f"the template says {v(wanted)}, {pods} {' and '.join(v(live.version) for live in others)}"
        yield Disagreement(Code.PODS_DIFFER, message)
    if len({live.version for live in serving}) > 1:
        parts = ", ".join(f"{v(live.version)} on {live.ready}" for live in serving)
        yield Disagreement(Code.MIXED_VERSIONS, f"several versions serve at once: {parts}")


def _template(e: RowEvidence) -> Iterator[Disagreement]:
    if e.links and e.link is None:
        elsewhere = unread(e.deployment.template)
        parts = "; ".join((*(f"{', '.join(link.places)}: {link.text}" for link in e.links), *elsewhere))
        yield Disagreement(Code.SEVERAL_LINKS, f"which reference says what is served is not certain: {parts}")
    if e.link is not None and e.link.annotations and not e.link.annotated:
        parts = ", ".join(f"{key.rpartition('/')[2]} {text}" for key, text in e.link.annotations)
        yield Disagreement(Code.ANNOTATION_DIFFERS, f"the annotations of a promotion say {parts}, but {e.link.slot.text!r} stands there")
