"""The Deployment controller: one replica set per template, rolled over within the fences, with numbered revisions."""

from __future__ import annotations

from kubesim.api.kinds import DEPLOYMENTS, PODS, REPLICASETS, Object
from kubesim.controllers import conditions, progress
from kubesim.controllers.queue import WorkQueue
from kubesim.controllers.recorder import Recorder
from kubesim.controllers.rollout import Rollout
from kubesim.registry.registry import Registry
from kubesim.storage.store import Change


class DeploymentController:
    """Reacts to deployments, replica sets and (for Recreate) pods. Each sync does one step; its effects trigger the next."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._recorder = Recorder(registry, "deployment-controller", "kube-controller-manager")
        self.queue = WorkQueue(self._sync)
        registry.store.listen(self._changed)
        for entry in registry.store.scan(DEPLOYMENTS):
            self.queue.add(entry.key)

    def _changed(self, change: Change) -> None:
        if change.table == DEPLOYMENTS.table:
            self.queue.add(change.entry.key)
        elif change.table == REPLICASETS.table:
            for uid in {*change.entry.owners, *(change.before.owners if change.before else ())}:
                self._wake(uid)
        elif change.table == PODS.table and change.type == "DELETED":
            # Recreate waits for the last old pod to be gone.
            for uid in change.entry.owners:
                owner = self._registry.store.by_uid(uid)
                if owner and owner[0] == REPLICASETS.table:
                    for grand in owner[1].owners:
                        self._wake(grand)

    def _wake(self, uid: str) -> None:
        found = self._registry.store.by_uid(uid)
        if found and found[0] == DEPLOYMENTS.table:
            self.queue.add(found[1].key)

    def _sync(self, key: str) -> None:
        namespace, _, name = key.partition("/")
        deployment = self._registry.find(DEPLOYMENTS, namespace, name)
        if deployment is None:
            return
        rollout = Rollout(self._registry, self._recorder, deployment)
        if "deletionTimestamp" in deployment["metadata"]:
            rollout.report(progress.counted(deployment, rollout.sets, rollout.newest()))
            return
        rollout.mark_pause()
        if deployment["spec"].get("paused") or rollout.was_scaled():
            rollout.scale()
        elif deployment["spec"]["strategy"]["type"] == "Recreate":
            rollout.recreate()
        else:
            rollout.roll()
        self._plan_deadline(key, rollout.deployment)

    def _plan_deadline(self, key: str, deployment: Object) -> None:
        """Look again when the deadline passes: nothing else would wake this deployment then."""
        condition = conditions.find(deployment["status"], "Progressing")
        if condition is None or not progress.has_deadline(deployment) or condition["reason"] in (progress.TIMED_OUT, progress.PAUSED):
            return
        if progress.is_complete(deployment, deployment["status"]):
            return
        left = progress.seconds_left(deployment, condition)
        if left is not None:
            self.queue.add_after(key, max(left, 0.0) + 0.05)
