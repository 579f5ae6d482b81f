"""A cluster in memory, faithful where operations depend on it: resourceVersions that conflict, strategic merge patches, ReplicaSets that
come back when an old template does, pods that crash for versions that are broken."""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from modeldeck.domain.failures import Conflict, Forbidden, NotFound
from modeldeck.domain.identity import ClusterId
from modeldeck.domain.kubernetes.annotations import CHANGE_CAUSE, RESTARTED_AT
from modeldeck.domain.kubernetes.leases import Lease
from modeldeck.domain.kubernetes.scheduling import SchedulerSnapshot
from modeldeck.domain.kubernetes.surroundings import Surroundings
from modeldeck.domain.kubernetes.workloads import (
    Access,
    ContainerState,
    Controller,
    Deployment,
    Event,
    Fleet,
    OtherWorkload,
    Pod,
    ReplicaSet,
    Settings,
)
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.objects import strategic_merge, to_deployment, to_template
from tests.support.fakes.traps import Traps
from tests.support.virtual import VirtualClock

REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"


@dataclass
class FakePod:
    name: str
    set_name: str
    template: dict[str, Any]
    age: int = 0


class FakeCluster:
    """`broken` holds texts: a pod whose template contains one of them crashes. Pods are up two ticks after they were made. `report` changes
    what a pod says of itself, `conditions` are every Deployment's."""

    def __init__(self, traps: Traps, clock: FakeClock | VirtualClock) -> None:
        self.traps = traps
        self.clock = clock
        self.deployments: dict[str, dict[str, Any]] = {}
        self.sets: dict[str, dict[str, Any]] = {}
        self.pods: dict[str, FakePod] = {}
        self.events: list[tuple[str, str, str]] = []
        self.event_keys: set[str] = set()
        self.leases: dict[str, Lease] = {}
        self.broken: set[str] = set()
        self.stuck: set[str] = set()
        self.allowed: bool | None = True
        self.others: list[OtherWorkload] = []
        self.hpa: bool | None = False
        self.admission: Callable[[dict[str, Any]], None] | None = None
        self.frozen = False
        self.controllers: dict[Controller, Controller] = {}
        self.settings: dict[tuple[str, Controller], Settings] = {}
        self.conditions: list[dict[str, str]] = []
        self.around = Surroundings()
        self.snapshot: SchedulerSnapshot | None = None
        self.report: Callable[[Pod], Pod] = lambda pod: pod
        self.id = ClusterId("uid-of-kube-system", "address")
        self._counter = 100
        clock.on_sleep.append(self.tick)

    # -- the API

    async def ping(self) -> str:
        return "v1.36.0"

    async def identity(self) -> ClusterId:
        return self.id

    async def deployment(self, namespace: str, name: str) -> Deployment:
        self.traps.enter("deployment")
        return to_deployment(self._raw(namespace, name))

    async def fleet(self, namespaces: Sequence[str]) -> Fleet:
        self.traps.enter("fleet")
        return Fleet(
            tuple(to_deployment(raw) for raw in self.deployments.values()),
            tuple(self._to_set(raw) for raw in self.sets.values()),
            tuple(self._to_pod(pod) for pod in self.pods.values()),
        )

    async def unhandled(self, namespaces: Sequence[str]) -> tuple[OtherWorkload, ...]:
        return tuple(one for one in self.others if one.namespace in namespaces)

    async def patch_deployment(self, namespace: str, name: str, patch: Mapping[str, object], *, dry_run: bool = False) -> Deployment:
        trap = self.traps.enter("dry_run" if dry_run else "patch_deployment")
        raw = self._raw(namespace, name)
        changed = strategic_merge(copy.deepcopy(raw), copy.deepcopy(dict(patch)))
        wanted = patch.get("metadata", {})
        assert isinstance(wanted, dict)
        if "resourceVersion" in wanted and wanted["resourceVersion"] != raw["metadata"]["resourceVersion"]:
            raise Conflict("the object has been modified", backend="Kubernetes")
        if self.admission:
            self.admission(changed)
        if not dry_run:
            self._store(raw, changed, "modeldeck")
        self.traps.leave(trap)
        return to_deployment(changed)

    async def scale(self, namespace: str, name: str, replicas: int) -> None:
        self.traps.enter("scale")
        self.edit(f"{namespace}/{name}", lambda raw: raw["spec"].update(replicas=replicas))

    async def pods_of(self, deployment: Deployment) -> tuple[Pod, ...]:
        self.traps.enter("pods_of")
        return tuple(self.report(self._to_pod(pod)) for pod in self.pods.values() if self.sets[pod.set_name]["owner"] == deployment.key)

    async def scheduling(self, pod: Pod) -> SchedulerSnapshot:
        """Nodes may not be listed unless a case says what there is."""
        self.traps.enter("scheduling")
        if self.snapshot is None:
            raise Forbidden("nodes is forbidden", backend="Kubernetes")
        return self.snapshot

    async def pod_log(self, namespace: str, pod: str, container: str, *, tail: int = 50, previous: bool = False) -> str:
        self.traps.enter("pod_log")
        return "loading model\n\x1b[31mValueError: cannot unpickle the model\x1b[0m\n" if previous else ""

    async def follow_log(self, namespace: str, pod: str, container: str, *, tail: int = 200) -> AsyncIterator[str]:
        yield "loading model"

    async def events_of(self, kind: str, namespace: str, name: str) -> tuple[Event, ...]:
        return ()

    async def write_event(self, deployment: Deployment, *, key: str, reason: str, message: str, warning: bool = False) -> None:
        trap = self.traps.enter("write_event")
        if key not in self.event_keys:
            self.event_keys.add(key)
            self.events.append((deployment.key, reason, message))
        self.traps.leave(trap)

    async def lease(self, namespace: str, name: str) -> Lease | None:
        self.traps.enter("lease")
        return self.leases.get(f"{namespace}/{name}")

    async def write_lease(self, lease: Lease) -> Lease:
        trap = self.traps.enter("write_lease")
        key = f"{lease.namespace}/{lease.name}"
        known = self.leases.get(key)
        if known is None and lease.resource_version:
            raise NotFound(f'leases.coordination.k8s.io "{lease.name}" not found', backend="Kubernetes")
        if (known.resource_version if known else "") != lease.resource_version:
            raise Conflict("the lease has been modified", backend="Kubernetes")
        self.leases[key] = replace(lease, resource_version=self._next())
        self.traps.leave(trap)
        return self.leases[key]

    async def namespaces(self) -> tuple[str, ...]:
        return ("serving",)

    async def manifest(self, namespace: str, name: str) -> str:
        return json.dumps(self._raw(namespace, name))

    async def access(self, verb: str, resource: str, namespace: str, *, name: str = "", group: str = "", subresource: str = "") -> Access:
        self.traps.enter("access")
        return Access(verb, resource, namespace, self.allowed)

    async def autoscaled(self, namespace: str, deployment: str) -> bool | None:
        self.traps.enter("autoscaled")
        return self.hpa

    async def controller_of(self, namespace: str, held: Controller) -> Controller | None:
        self.traps.enter("controller_of")
        return self.controllers.get(held)

    async def settings_of(self, namespace: str, found: Controller) -> Settings | None:
        self.traps.enter("settings_of")
        return self.settings.get((namespace, found))

    async def surroundings(self, deployment: Deployment, pods: Sequence[Pod]) -> Surroundings:
        self.traps.enter("surroundings")
        return self.around

    # -- what others do

    def edit(self, key: str, change: Callable[[dict[str, Any]], object], manager: str = "kubectl-edit") -> None:
        """Somebody else's unguarded change."""
        raw = self.deployments[key]
        changed = copy.deepcopy(raw)
        change(changed)
        self._store(raw, changed, manager)

    def set_env(self, key: str, name: str, value: str) -> None:
        """`kubectl set env`."""

        def change(raw: dict[str, Any]) -> None:
            env = raw["spec"]["template"]["spec"]["containers"][0]["env"]
            known = next((variable for variable in env if variable["name"] == name), None)
            if known is None:
                env.append({"name": name, "value": value})
            else:
                known["value"] = value

        self.edit(key, change, "kubectl-set")

    def restart(self, key: str) -> None:
        """`kubectl rollout restart`."""

        def change(raw: dict[str, Any]) -> None:
            annotations = raw["spec"]["template"]["metadata"].setdefault("annotations", {})
            annotations[RESTARTED_AT] = f"by hand at {self.clock.now():.0f}"

        self.edit(key, change, "kubectl-rollout")

    def roll_out(self, key: str) -> None:
        """Let the controller finish, without the clock moving."""
        for _ in range(10):
            self.tick()

    def undo_to(self, key: str, revision: int) -> None:
        """`kubectl rollout undo --to-revision`."""
        found = next(raw for raw in self.sets.values() if raw["owner"] == key and raw["annotations"][REVISION] == str(revision))
        kept = {name: text for name, text in found["annotations"].items() if name not in (REVISION, REVISION_HISTORY)}

        def undo(raw: dict[str, Any]) -> None:
            raw["spec"]["template"] = copy.deepcopy(found["template"])
            raw["metadata"]["annotations"] = {REVISION: raw["metadata"]["annotations"][REVISION], **kept}

        self.edit(key, undo, "kubectl")
        self.roll_out(key)

    def add(self, namespace: str, name: str, containers: list[dict[str, Any]], *, replicas: int = 2, **metadata: Any) -> str:
        key = f"{namespace}/{name}"
        raw: dict[str, Any] = {
            "metadata": {"namespace": namespace, "name": name, "uid": f"uid-{name}", "generation": 1, "annotations": {}, "labels": {}},
            "spec": {"replicas": replicas, "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": containers}}},
            "status": {"observedGeneration": 0},
        }
        raw["metadata"].update(metadata)
        raw["metadata"]["resourceVersion"] = self._next()
        self.deployments[key] = raw
        self.roll_out(key)
        return key

    def tick(self) -> None:
        """One round of the Deployment controller and the kubelet."""
        if self.frozen:
            return
        for pod in self.pods.values():
            pod.age += 1
        for key, raw in self.deployments.items():
            self._reconcile(key, raw)

    # -- inside

    def _next(self) -> str:
        self._counter += 1
        return str(self._counter)

    def _raw(self, namespace: str, name: str) -> dict[str, Any]:
        try:
            return self.deployments[f"{namespace}/{name}"]
        except KeyError:
            raise NotFound(f'deployments.apps "{name}" not found', backend="Kubernetes") from None

    def _store(self, raw: dict[str, Any], changed: dict[str, Any], manager: str) -> None:
        if changed["spec"]["template"] != raw["spec"]["template"]:
            others = [one for one in changed["metadata"].get("owners", ()) if one[0] != manager]
            changed["metadata"]["owners"] = [*others, (manager, "Update", float(int(self.clock.now())), True, False)]
        metadata = changed["spec"]["template"]["metadata"]
        if not metadata.get("annotations", True):
            # As the real server writes it: an empty map is no map.
            del metadata["annotations"]
        if changed["spec"] != raw["spec"] or changed["metadata"]["annotations"] != raw["metadata"]["annotations"]:
            # Kubernetes counts annotations of a Deployment, too.
            changed["metadata"]["generation"] += 1
        raw.clear()
        raw.update(changed)
        raw["metadata"]["resourceVersion"] = self._next()

    def _reconcile(self, key: str, raw: dict[str, Any]) -> None:
        template = raw["spec"]["template"]
        wanted = raw["spec"]["replicas"]
        current = self._set_for(key, raw, template)
        own = [pod for pod in self.pods.values() if self.sets[pod.set_name]["owner"] == key]
        new = [pod for pod in own if pod.set_name == current]
        old = [pod for pod in own if pod.set_name != current]
        ready = [pod for pod in new if self._ready(pod)]
        if len(new) < wanted:
            self._counter += 1
            name = f"{current}-{self._counter}"
            self.pods[name] = FakePod(name, current, copy.deepcopy(template))
        for pod in new[wanted:]:
            del self.pods[pod.name]
        bad_old = [pod for pod in old if not self._ready(pod)]
        if bad_old:
            del self.pods[bad_old[0].name]
        elif old and len(ready) + len(old) > wanted:
            del self.pods[old[0].name]
        self._status(key, raw, current)

    def _status(self, key: str, raw: dict[str, Any], current: str) -> None:
        own = [pod for pod in self.pods.values() if self.sets[pod.set_name]["owner"] == key]
        new = [pod for pod in own if pod.set_name == current]
        available = sum(self._ready(pod) for pod in own)
        status = {
            "observedGeneration": raw["metadata"]["generation"],
            "replicas": len(own),
            "updatedReplicas": len(new),
            "readyReplicas": available,
            "availableReplicas": available,
            "conditions": copy.copy(self.conditions),
        }
        if status != raw["status"]:
            raw["status"] = status
            raw["metadata"]["resourceVersion"] = self._next()

    def _set_for(self, key: str, raw: dict[str, Any], template: dict[str, Any]) -> str:
        """The set of this template, with the Deployment's annotations of now."""
        name = self._numbered(key, raw, template)
        own = {one: text for one, text in raw["metadata"]["annotations"].items() if one not in (REVISION, REVISION_HISTORY)}
        self.sets[name]["annotations"].update(own)
        return name

    def _numbered(self, key: str, raw: dict[str, Any], template: dict[str, Any]) -> str:
        same = [name for name, one in self.sets.items() if one["owner"] == key and one["template"] == template]
        newest = max((int(one["annotations"][REVISION]) for one in self.sets.values() if one["owner"] == key), default=0)
        if not same:
            name = f"{raw['metadata']['name']}-{len(self.sets):x}"
            self.sets[name] = {"owner": key, "template": copy.deepcopy(template), "annotations": {REVISION: str(newest + 1)}}
            self.sets[name]["created"] = self.clock.now()
            raw["metadata"]["annotations"][REVISION] = str(newest + 1)
            return name
        annotations = self.sets[same[0]]["annotations"]
        if int(annotations[REVISION]) < newest:
            past = annotations.get(REVISION_HISTORY)
            annotations[REVISION_HISTORY] = f"{past},{annotations[REVISION]}" if past else annotations[REVISION]
            annotations[REVISION] = str(newest + 1)
            raw["metadata"]["annotations"][REVISION] = str(newest + 1)
        return same[0]

    def _crashes(self, pod: FakePod) -> bool:
        return any(text in json.dumps(pod.template) for text in self.broken)

    def _ready(self, pod: FakePod) -> bool:
        return pod.age >= 2 and not self._crashes(pod) and not any(text in json.dumps(pod.template) for text in self.stuck)

    def _to_set(self, raw: dict[str, Any]) -> ReplicaSet:
        name = next(name for name, one in self.sets.items() if one is raw)
        ready = sum(pod.set_name == name and self._ready(pod) for pod in self.pods.values())
        return ReplicaSet(
            raw["owner"].split("/")[0],
            name,
            f"uid-{name}",
            self.deployments[raw["owner"]]["metadata"]["uid"],
            int(raw["annotations"][REVISION]),
            raw["annotations"].get(CHANGE_CAUSE, ""),
            dict(raw["annotations"]),
            to_template(raw["template"]),
            ready,
            ready,
            ready,
            raw["created"],
        )

    def _to_pod(self, pod: FakePod) -> Pod:
        ready, crashed = self._ready(pod), self._crashes(pod) and pod.age >= 2
        template = to_template(pod.template)
        states = tuple(
            ContainerState(
                container.name,
                container.image,
                ready,
                1 if crashed else 0,
                "waiting" if crashed else "running",
                "CrashLoopBackOff" if crashed else "",
                "back-off 10s restarting failed container" if crashed else "",
                last_reason="Error" if crashed else "",
                last_exit_code=1 if crashed else None,
            )
            for container in template.containers
        )
        return Pod(
            self.sets[pod.set_name]["owner"].split("/")[0],
            pod.name,
            f"uid-{pod.name}",
            f"uid-{pod.set_name}",
            "Running",
            ready,
            False,
            "CrashLoopBackOff" if crashed else "Running",
            "",
            "node-1",
            "127.0.0.1",
            1.0,
            1.0,
            template,
            states,
            revision=int(self.sets[pod.set_name]["annotations"][REVISION]),
        )
