"""`modeldeck.ports.Cluster` over the Kubernetes API."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote

from modeldeck.domain.environments import ClusterTarget
from modeldeck.domain.failures import Conflict, Failure, Forbidden, NotFound
from modeldeck.domain.identity import ClusterId, address_digest
from modeldeck.domain.kubernetes.annotations import FIELD_MANAGER
from modeldeck.domain.kubernetes.leases import Lease
from modeldeck.domain.kubernetes.rollout import new_replica_set
from modeldeck.domain.kubernetes.scheduling import SchedulerSnapshot
from modeldeck.domain.kubernetes.surroundings import Surroundings
from modeldeck.domain.kubernetes.workloads import Access, Controller, Deployment, Event, Fleet, OtherWorkload, Pod, Settings
from modeldeck.sources.common import bounds
from modeldeck.sources.common.edge import raises_failures
from modeldeck.sources.http.transport import Params, Timeouts, Transport
from modeldeck.sources.kubernetes import BACKEND, convert, leases, responses, wire
from modeldeck.sources.kubernetes.connection import Connection
from modeldeck.sources.kubernetes.listing import converted, listed
from modeldeck.sources.kubernetes.resources import DEPLOYMENTS, PODS, REPLICA_SETS, Item, ResourceKind
from modeldeck.sources.kubernetes.scheduling import scheduler_snapshot
from modeldeck.sources.kubernetes.scope import EVERYWHERE, readable_namespaces
from modeldeck.sources.kubernetes.surroundings.reading import surroundings
from modeldeck.sources.kubernetes.unhandled import unhandled

T = TypeVar("T")
Found = TypeVar("Found", bound=Item)

SYSTEM = "kube-system"
"""The namespace that every cluster has for as long as it lives."""
_QUIET = 3600.0
"""Seconds for which a followed log may be silent: a server without traffic writes nothing."""
_LOG_LIMIT = 4 * 1024 * 1024
_MERGE = "application/merge-patch+json"
_STRATEGIC = "application/strategic-merge-patch+json"


@raises_failures(BACKEND)
class KubernetesCluster:
    """One cluster as one operator. Nothing is opened before the first request; `aclose` ends everything under way."""

    def __init__(self, target: ClusterTarget, *, timeouts: Timeouts | None = None) -> None:
        self.connection = Connection(target, timeouts=timeouts)
        self._identity: ClusterId | None = None

    async def ping(self) -> str:
        return (await self._get("/version", responses.ServerVersion)).git_version

    async def identity(self) -> ClusterId:
        """Asked once. Who may not read the namespace has only the address."""
        if self._identity is None:
            login = await self.connection.login()
            try:
                uid = (await self._get(f"/api/v1/namespaces/{SYSTEM}", wire.Named)).metadata.uid
            except (Forbidden, NotFound):
                uid = ""
            self._identity = ClusterId(uid, address_digest(login.server, login.ca_pem))
        return self._identity

    async def namespace(self) -> str:
        """The namespace of the kubeconfig's context."""
        return await self.connection.namespace()

    async def deployment(self, namespace: str, name: str) -> Deployment:
        body = await self._get(DEPLOYMENTS.path(namespace, name), wire.DeploymentWire)
        return converted(convert.deployment_of, body)

    async def fleet(self, namespaces: Sequence[str]) -> Fleet:
        """As the informer does it: what may not be read is told in `gaps`; deployments that may not be listed raise."""

        async def read(transport: Transport) -> Fleet:
            scope = await readable_namespaces(transport, namespaces or (EVERYWHERE,), await self.connection.namespace())
            gaps: list[str] = []
            deployments, sets, pods = await asyncio.gather(
                _everywhere(transport, DEPLOYMENTS, scope, gaps, needed=True),
                _everywhere(transport, REPLICA_SETS, scope, gaps),
                _everywhere(transport, PODS, scope, gaps),
            )
            return Fleet(deployments, sets, pods, tuple(gaps))

        return await self.connection.using(read)

    async def unhandled(self, namespaces: Sequence[str]) -> tuple[OtherWorkload, ...]:
        async def read(transport: Transport) -> tuple[OtherWorkload, ...]:
            scope = await readable_namespaces(transport, namespaces or (EVERYWHERE,), await self.connection.namespace())
            return await unhandled(transport, scope)

        return await self.connection.using(read)

    async def patch_deployment(self, namespace: str, name: str, patch: Mapping[str, object], *, dry_run: bool = False) -> Deployment:
        params = {"fieldManager": FIELD_MANAGER} | ({"dryRun": "All"} if dry_run else {})
        path = DEPLOYMENTS.path(namespace, name)

        async def send(transport: Transport) -> wire.DeploymentWire:
            body = await transport.patch(path, dict(patch), params=params, headers={"Content-Type": _STRATEGIC})
            return transport.decode(body, wire.DeploymentWire)

        return converted(convert.deployment_of, await self.connection.using(send))

    async def scale(self, namespace: str, name: str, replicas: int) -> None:
        path = DEPLOYMENTS.path(namespace, name, "scale")
        body = {"spec": {"replicas": replicas}}
        params = {"fieldManager": FIELD_MANAGER}
        await self.connection.using(lambda transport: transport.patch(path, body, params=params, headers={"Content-Type": _MERGE}))

    async def pods_of(self, deployment: Deployment) -> tuple[Pod, ...]:
        selector = ",".join(f"{key}={value}" for key, value in sorted(deployment.selector.items()))

        async def read(transport: Transport) -> tuple[Pod, ...]:
            sets, pods = await asyncio.gather(
                listed(transport, REPLICA_SETS, deployment.namespace, selector=selector),
                listed(transport, PODS, deployment.namespace, selector=selector),
            )
            mine = {s.uid: s.revision for s in sets if s.owner_uid == deployment.uid}
            newest = new_replica_set(deployment, sets)
            first = newest.uid if newest else None
            owned = [replace(pod, revision=mine[pod.owner_uid or ""]) for pod in pods if pod.owner_uid in mine]
            return tuple(sorted(owned, key=lambda p: (p.owner_uid != first, -mine[p.owner_uid or ""], p.created_at or 0.0, p.name)))

        return await self.connection.using(read)

    async def scheduling(self, pod: Pod) -> SchedulerSnapshot:
        return await self.connection.using(lambda transport: scheduler_snapshot(transport, pod))

    async def pod_log(self, namespace: str, pod: str, container: str, *, tail: int = 50, previous: bool = False) -> str:
        params: Params = _log_params(container, tail) | {"limitBytes": _LOG_LIMIT} | ({"previous": "true"} if previous else {})
        path = PODS.path(namespace, pod, "log")
        body = await self.connection.using(lambda transport: transport.get(path, params=params, most=2 * _LOG_LIMIT))
        return body.decode("utf-8", "replace")

    async def follow_log(self, namespace: str, pod: str, container: str, *, tail: int = 200) -> AsyncIterator[str]:
        transport = await self.connection.transport()
        params: Params = _log_params(container, tail) | {"follow": "true"}
        async with transport.lines(
            PODS.path(namespace, pod, "log"), params=params, silence=_QUIET, longest=bounds.LOG_LINE, cut=True
        ) as lines:
            async for line in lines:
                yield line.decode("utf-8", "replace")

    async def events_of(self, kind: str, namespace: str, name: str) -> tuple[Event, ...]:
        """The newest first, at most 500."""
        selector = f"involvedObject.kind={kind},involvedObject.name={name}"
        answer = await self._get(_events(namespace), responses.EventList, {"fieldSelector": selector, "limit": 500})
        return convert.newest_first([convert.event_of(body) for body in answer.items or ()])

    async def write_event(self, deployment: Deployment, *, key: str, reason: str, message: str, warning: bool = False) -> None:
        now = datetime.now(UTC)
        second = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        body = {
            "apiVersion": "v1",
            "kind": "Event",
            # Cut, as the name of a Deployment may fill all 253 characters.
            "metadata": {"name": f"{deployment.name[:200]}.{_digest(key)}", "namespace": deployment.namespace},
            "involvedObject": {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "namespace": deployment.namespace,
                "name": deployment.name,
                "uid": deployment.uid,
                "resourceVersion": deployment.resource_version,
            },
            "reason": reason,
            "message": message[:1024],  # the API refuses longer ones
            "type": "Warning" if warning else "Normal",
            "source": {"component": FIELD_MANAGER},
            "reportingComponent": FIELD_MANAGER,
            "reportingInstance": FIELD_MANAGER,
            "firstTimestamp": second,
            "lastTimestamp": second,
            "count": 1,
        }
        with suppress(Conflict):
            await self.connection.using(lambda transport: transport.post(_events(deployment.namespace), body))

    async def lease(self, namespace: str, name: str) -> Lease | None:
        try:
            return leases.lease_of(await self._get(leases.path(namespace, name), leases.LeaseWire))
        except NotFound:
            return None

    async def write_lease(self, lease: Lease) -> Lease:
        """Never sent twice by itself: after a lost answer only a look tells who holds it."""
        body, params = leases.body_of(lease), {"fieldManager": FIELD_MANAGER}

        async def send(transport: Transport) -> leases.LeaseWire:
            if lease.resource_version:
                where, headers = leases.path(lease.namespace, lease.name), {"Content-Type": leases.MERGE}
                return transport.decode(await transport.patch(where, body, params=params, headers=headers), leases.LeaseWire)
            return transport.decode(await transport.post(leases.path(lease.namespace), body, params=params), leases.LeaseWire)

        return leases.lease_of(await self.connection.using(send))

    async def access(self, verb: str, resource: str, namespace: str, *, name: str = "", group: str = "", subresource: str = "") -> Access:
        attributes = {"verb": verb, "resource": resource, "namespace": namespace, "name": name, "group": group, "subresource": subresource}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {key: value for key, value in attributes.items() if value}},
        }

        async def ask(transport: Transport) -> responses.Review:
            answer = await transport.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body, safe=True)
            return transport.decode(answer, responses.Review)

        try:
            status = (await self.connection.using(ask)).status
        except Failure as failure:
            return Access(verb, resource, namespace, None, failure.message)
        if status is None or (status.evaluation_error and not status.allowed):
            return Access(verb, resource, namespace, None, status.evaluation_error if status else "")
        return Access(verb, resource, namespace, status.allowed, status.reason)

    async def autoscaled(self, namespace: str, deployment: str) -> bool | None:
        path = f"/apis/autoscaling/v2/namespaces/{quote(namespace, safe='')}/horizontalpodautoscalers"
        try:
            answer = await self._get(path, responses.AutoscalerList, {"limit": 500})
        except (Forbidden, NotFound):
            return None
        targets = [found.spec.scale_target_ref for found in answer.items or () if found.spec and found.spec.scale_target_ref]
        return any(target.kind == "Deployment" and target.name == deployment for target in targets)

    async def controller_of(self, namespace: str, held: Controller) -> Controller | None:
        found = await self._custom(namespace, held, wire.Named)
        return None if found is None else convert.controller_of(found.metadata)

    async def settings_of(self, namespace: str, found: Controller) -> Settings | None:
        body = await self._custom(namespace, found, responses.Specified)
        return None if body is None else Settings(body.spec or {}, body.metadata.annotations or {})

    async def _custom(self, namespace: str, named: Controller, type_: type[T]) -> T | None:
        """An object of a kind whose place in the API is not known here."""
        base = f"/{'apis' if named.group else 'api'}/{quote(named.api_version)}"
        try:
            known = (await self._get(base, responses.ResourceList)).resources or ()
            plural = next((one.name for one in known if one.kind == named.kind and one.namespaced and "/" not in one.name), None)
            if plural is None:
                return None
            return await self._get(f"{base}/namespaces/{quote(namespace, safe='')}/{plural}/{quote(named.name, safe='')}", type_)
        except (Forbidden, NotFound):
            return None

    async def surroundings(self, deployment: Deployment, pods: Sequence[Pod]) -> Surroundings:
        return await self.connection.using(lambda transport: surroundings(transport, deployment, pods))

    async def namespaces(self) -> tuple[str, ...]:
        listing = await self._get("/api/v1/namespaces", wire.NamedList)
        return tuple(sorted(item.metadata.name for item in listing.items or ()))

    async def manifest(self, namespace: str, name: str) -> str:
        import yaml  # only this screen needs it

        body = await self._get(DEPLOYMENTS.path(namespace, name), dict[str, Any])
        body.get("metadata", {}).pop("managedFields", None)
        text: str = yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=120)
        return text

    async def aclose(self) -> None:
        await self.connection.aclose()

    async def _get(self, path: str, kind: type[T], params: Params | None = None) -> T:
        async def ask(transport: Transport) -> T:
            return transport.decode(await transport.get(path, params=params), kind)

        return await self.connection.using(ask)


async def _everywhere(
    transport: Transport, kind: ResourceKind[Found], scope: Sequence[str], gaps: list[str], *, needed: bool = False
) -> tuple[Found, ...]:
    """All of a kind in the scope. Where it may not be read, that is a gap: everything else goes on."""
    found: list[Found] = []
    refused: list[Failure] = []
    for namespace in scope:
        try:
            found.extend(await listed(transport, kind, namespace))
        except Forbidden as failure:
            refused.append(failure)
    if needed and refused and len(refused) == len(scope):
        raise refused[0]
    gaps.extend(failure.message for failure in refused)
    return tuple(sorted(found, key=lambda item: (item.namespace, item.name)))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _events(namespace: str) -> str:
    return f"/api/v1/namespaces/{quote(namespace, safe='')}/events"


def _log_params(container: str, tail: int) -> dict[str, str | int]:
    return {"tailLines": tail} | ({"container": container} if container else {})
