"""One sync of one deployment: its replica sets brought one step closer to its wish (pkg/controller/deployment)."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from kubesim.api import naming
from kubesim.api.kinds import DEPLOYMENTS, PODS, REPLICASETS, Object
from kubesim.api.statuses import ApiError
from kubesim.controllers import conditions, ownership, progress, revisions, sizes
from kubesim.controllers.recorder import Recorder
from kubesim.controllers.sizes import Size
from kubesim.registry import deletion
from kubesim.registry.registry import Registry, Write

_WRITE = Write(manager="kube-controller-manager")
_STATUS = Write(manager="kube-controller-manager", subresource="status")


class Rollout:
    """The deployment as it is now, its replica sets, and what the controller does to them."""

    def __init__(self, registry: Registry, recorder: Recorder, deployment: Object) -> None:
        self._registry = registry
        self._recorder = recorder
        self.deployment = deployment
        self._namespace = deployment["metadata"]["namespace"]
        self.sets = ownership.owned(registry, DEPLOYMENTS, deployment, REPLICASETS, _WRITE)
        self._limits = progress.limits(deployment)
        self._wanted: int = deployment["spec"]["replicas"]

    def newest(self) -> Object | None:
        return revisions.newest_set(self.deployment["spec"]["template"], self.sets)

    def _old(self, newest: Object | None) -> list[Object]:
        return [each for each in self.sets if newest is None or each["metadata"]["uid"] != newest["metadata"]["uid"]]

    def mark_pause(self) -> None:
        """So that the time spent paused does not count against the deadline."""
        if not progress.has_deadline(self.deployment):
            return
        current = conditions.find(self.deployment["status"], "Progressing")
        reason = current["reason"] if current else ""
        paused = bool(self.deployment["spec"].get("paused"))
        if reason == progress.TIMED_OUT or paused == (reason == progress.PAUSED):
            return
        status = copy.deepcopy(self.deployment["status"])
        word, message = (progress.PAUSED, "Deployment is paused") if paused else (progress.RESUMED, "Deployment is resumed")
        conditions.put(status, conditions.make("Progressing", "Unknown", word, message))
        self.report(status)

    def was_scaled(self) -> bool:
        """The wished number changed since the active sets got their sizes."""
        self._synced_newest(create=False)
        return any(
            noted is not None and noted != self._wanted
            for each in self.sets
            if each["spec"]["replicas"]
            for noted in [revisions.noted(each, revisions.DESIRED)]
        )

    def scale(self) -> None:
        newest = self._synced_newest(create=False)
        old = self._old(newest)
        self._scale_sets(newest, old)
        if self.deployment["spec"].get("paused"):
            self._clean_up(self._old(self.newest()))
        self.report(progress.counted(self.deployment, self.sets, self.newest()))

    def _scale_sets(self, newest: Object | None, old: list[Object]) -> None:
        active = [each for each in self.sets if each["spec"]["replicas"] > 0]
        if len(active) <= 1:
            latest = active[0] if active else newest or max(old, key=revisions.by_age, default=None)
            if latest is not None:
                self._resize(latest, self._wanted)
            return
        if newest is not None and self._saturated(newest):
            for each in old:
                self._resize(each, 0)
            return
        if self.deployment["spec"]["strategy"]["type"] == "RollingUpdate":
            wished = sizes.proportional(
                self._wanted, self._limits.surge, [_size(each) for each in active], self.deployment["status"].get("replicas", 0)
            )
            for each in active:
                self._resize(each, wished[each["metadata"]["name"]], force=True)

    def _saturated(self, newest: Object) -> bool:
        return (
            newest["spec"]["replicas"] == self._wanted == newest["status"].get("availableReplicas", 0)
            and revisions.noted(newest, revisions.DESIRED) == self._wanted
        )

    def roll(self) -> None:
        newest = self._synced_newest(create=True)
        if newest is None:
            return
        old = self._old(newest)
        if not self._grow(newest) and not self._shrink(newest, old) and progress.is_complete(self.deployment, self.deployment["status"]):
            self._clean_up(old)
        self.report(progress.judged(self.deployment, self.sets, self.newest()))

    def _grow(self, newest: Object) -> bool:
        have = newest["spec"]["replicas"]
        if have >= self._wanted:
            return have > self._wanted and self._resize(newest, self._wanted)
        total = sum(each["spec"]["replicas"] for each in self.sets)
        return self._resize(newest, sizes.grown(self._wanted, self._limits.surge, total, have))

    def _shrink(self, newest: Object, old: Sequence[Object]) -> bool:
        active = {each["metadata"]["name"]: each for each in old if each["spec"]["replicas"] > 0}
        wished = sizes.shrunk(self._wanted, self._limits.unavailable, _size(newest), [_size(each) for each in active.values()])
        for name, size in wished.items():
            self._resize(active[name], size)
        return bool(wished)

    def recreate(self) -> None:
        """All old pods first, and only when they are gone the new ones."""
        newest = self._synced_newest(create=False)
        old = self._old(newest)
        stopping = [self._resize(each, 0) for each in old if each["spec"]["replicas"] > 0]
        if not any(stopping) and not self._old_pods(old):
            newest = newest or self._synced_newest(create=True)
            if newest is not None:
                self._resize(newest, self._wanted)
                if progress.is_complete(self.deployment, self.deployment["status"]):
                    self._clean_up(self._old(newest))
        self.report(progress.judged(self.deployment, self.sets, self.newest()))

    def _old_pods(self, old: Sequence[Object]) -> bool:
        if any(each["status"].get("replicas", 0) for each in old):
            return True
        return any(
            table == PODS.table and entry.fields["status.phase"] not in ("Failed", "Succeeded")
            for each in old
            for table, entry in self._registry.store.dependents(each["metadata"]["uid"])
        )

    def _synced_newest(self, *, create: bool) -> Object | None:
        """The replica set of the current template, its revision raised above all others; created when asked for."""
        newest = self.newest()
        revision = revisions.latest(self._old(newest)) + 1
        if newest is not None:
            return self._keep_current(newest, revision)
        return self._create(revision) if create else None

    def _keep_current(self, newest: Object, revision: int) -> Object:
        changed = copy.deepcopy(newest)
        ready_seconds = self.deployment["spec"].get("minReadySeconds", 0)
        touched = revisions.annotate(self.deployment, changed, revision)
        if changed["spec"].get("minReadySeconds", 0) != ready_seconds:
            changed["spec"]["minReadySeconds"] = ready_seconds
            touched = True
        if touched:
            changed = self._write_set(changed)
        status = copy.deepcopy(self.deployment["status"])
        if progress.has_deadline(self.deployment) and conditions.find(status, "Progressing") is None:
            message = f'Found new replica set "{newest["metadata"]["name"]}"'
            conditions.put(status, conditions.make("Progressing", "True", progress.FOUND, message))
        self._note_revision(revisions.notes(changed).get(revisions.REVISION, str(revision)), status)
        return changed

    def _create(self, revision: int) -> Object | None:
        template = copy.deepcopy(self.deployment["spec"]["template"])
        digest = naming.template_hash(template, self.deployment["status"].get("collisionCount"))
        template["metadata"].setdefault("labels", {})[revisions.HASH] = digest
        selector = copy.deepcopy(self.deployment["spec"]["selector"])
        selector.setdefault("matchLabels", {})[revisions.HASH] = digest
        total = sum(each["spec"]["replicas"] for each in self.sets)
        rolling = self.deployment["spec"]["strategy"]["type"] == "RollingUpdate"
        size = sizes.grown(self._wanted, self._limits.surge, total, 0) if rolling else self._wanted
        replicaset: Object = {
            "metadata": {
                "name": f"{self.deployment['metadata']['name'][:242]}-{digest}",
                "namespace": self._namespace,
                "labels": dict(template["metadata"]["labels"]),
                "ownerReferences": [ownership.controller_reference(DEPLOYMENTS, self.deployment)],
            },
            "spec": {
                "replicas": size,
                "selector": selector,
                "template": template,
                "minReadySeconds": self.deployment["spec"].get("minReadySeconds", 0),
            },
        }
        revisions.annotate(self.deployment, replicaset, revision)
        revisions.annotate_size(replicaset, self._wanted, self._limits.surge)
        try:
            created = self._registry.create(REPLICASETS, self._namespace, replicaset, _WRITE)
        except ApiError as refusal:
            self._creation_failed(replicaset["metadata"]["name"], refusal)
            raise
        self.sets.append(created)
        name = created["metadata"]["name"]
        if size > 0:
            self._tell(f"Scaled up replica set {name} from 0 to {size}")
        status = copy.deepcopy(self.deployment["status"])
        if progress.has_deadline(self.deployment):
            conditions.put(status, conditions.make("Progressing", "True", progress.CREATED, f'Created new replica set "{name}"'))
        self._note_revision(str(revision), status)
        return created

    def _creation_failed(self, name: str, refusal: ApiError) -> None:
        status = copy.deepcopy(self.deployment["status"])
        if refusal.reason == "AlreadyExists":
            # Another template with the same hash: count on, and try the next hash.
            status["collisionCount"] = status.get("collisionCount", 0) + 1
            self.report(status)
            return
        if refusal.code == 403 and refusal.details and refusal.details.get("causes"):
            return
        message = f'Failed to create new replica set "{name}": {refusal.message}'
        conditions.put(status, conditions.make("Progressing", "False", "ReplicaSetCreateError", message))
        self.report(status)
        self._recorder.event(DEPLOYMENTS, self.deployment, "ReplicaSetCreateError", message, type_="Warning")

    def _note_revision(self, revision: str, status: Object) -> None:
        changed = copy.deepcopy(self.deployment)
        revisions.notes(changed)[revisions.REVISION] = revision
        changed["status"] = status
        if changed != self.deployment:
            self._store(changed)

    def report(self, status: Object) -> None:
        """Write the status when it says something new."""
        if status != self.deployment["status"]:
            self._store({**self.deployment, "status": status})

    def _store(self, deployment: Object) -> None:
        name = deployment["metadata"]["name"]
        self.deployment = self._registry.update(DEPLOYMENTS, self._namespace, name, deployment, _STATUS)

    def _write_set(self, changed: Object) -> Object:
        name = changed["metadata"]["name"]
        stored = self._registry.update(REPLICASETS, self._namespace, name, changed, _WRITE)
        self.sets = [stored if each["metadata"]["name"] == name else each for each in self.sets]
        return stored

    def _resize(self, replicaset: Object, size: int, *, force: bool = False) -> bool:
        """True when the set got another size; its annotations follow the deployment's wish."""
        before = replicaset["spec"]["replicas"]
        if before == size and not force:
            return False
        changed = copy.deepcopy(replicaset)
        changed["spec"]["replicas"] = size
        if not revisions.annotate_size(changed, self._wanted, self._limits.surge) and before == size:
            return False
        self._write_set(changed)
        if before == size:
            return False
        direction = "up" if size > before else "down"
        self._tell(f"Scaled {direction} replica set {replicaset['metadata']['name']} from {before} to {size}")
        return True

    def _tell(self, message: str) -> None:
        self._recorder.event(DEPLOYMENTS, self.deployment, "ScalingReplicaSet", message)

    def _clean_up(self, old: Sequence[Object]) -> None:
        """Forget the oldest revisions beyond the limit; sets that still have pods stay."""
        alive = sorted((each for each in old if "deletionTimestamp" not in each["metadata"]), key=revisions.number)
        for each in alive[: max(len(alive) - self.deployment["spec"]["revisionHistoryLimit"], 0)]:
            status = each["status"]
            unseen = each["metadata"]["generation"] > status.get("observedGeneration", 0)
            if status.get("replicas", 0) or each["spec"]["replicas"] or unseen:
                continue
            deletion.delete(self._registry, REPLICASETS, self._namespace, each["metadata"]["name"], deletion.Options())


def _size(replicaset: Object) -> Size:
    """The set in numbers. Its report may be from before it was told to shrink: more than it may keep does not count as available."""
    meta, wanted = replicaset["metadata"], replicaset["spec"]["replicas"]
    available = min(replicaset["status"].get("availableReplicas", 0), wanted)
    return Size(meta["name"], wanted, available, meta["creationTimestamp"], revisions.noted(replicaset, revisions.MAXIMUM))
