"""Give the cluster what it lacks, as the models that it is to serve get trained, and see how far it is."""

from __future__ import annotations

import json
from typing import Any

from modeldeck.sandbox.common.state_dir import NAMESPACE, StateDir
from modeldeck.sandbox.deployments import kube, manifests
from modeldeck.sandbox.deployments.kube import Readiness
from modeldeck.sandbox.node.api import DynamicClient


class Deployer:
    """Deploys each model as soon as it is trained: its pods come up while the next one trains."""

    def __init__(self, state_dir: StateDir) -> None:
        self._targets = state_dir.targets
        self._legacy = state_dir.mlflow / "legacy-scorer"
        self._to_create = manifests.base()
        self._to_update: list[dict[str, Any]] = []
        self._rolling: set[str] = set()
        self._missing = set(manifests.MODELS)
        self._replicas = {each["metadata"]["name"]: each["spec"]["replicas"] for each in manifests.deployments(self._legacy)}

    def add(self, model: str) -> None:
        """A model can be deployed from now on."""
        self._to_create += manifests.of_model(model, self._legacy)
        self._missing.discard(model)

    def forget_targets(self) -> None:
        """Before the node agent starts: what an earlier run scraped is gone."""
        self._targets.unlink(missing_ok=True)

    async def step(self, api: DynamicClient) -> tuple[str, bool]:
        """Do what can be done now. How many pods are ready, in words, and whether there is nothing left to wait for. Raises a Failure."""
        while self._to_create:
            wanted = self._to_create[0]
            first = manifests.earlier(wanted)
            if await kube.create_missing(api, [first]) and first != wanted:
                self._to_update.append(wanted)
            del self._to_create[0]
        found = await kube.readiness(api, NAMESPACE, list(self._replicas))
        complete = {each.name for each in found if min(each.ready, each.updated) >= each.wanted}
        self._rolling -= complete
        for each in [each for each in self._to_update if each["metadata"]["name"] in complete]:
            await self._update(api, each)
        return self._judge(found)

    async def _update(self, api: DynamicClient, wanted: dict[str, Any]) -> None:
        """Roll out what was created as what it had been before, now that this has served."""
        name = wanted["metadata"]["name"]
        await kube.patch_deployment(api, NAMESPACE, name, manifests.as_patch(wanted))
        self._to_update.remove(wanted)
        self._rolling.add(name)

    def _judge(self, found: list[Readiness]) -> tuple[str, bool]:
        # Until the node agent is up, a kept state tells of pods that ended with the last run; what it scrapes is there now.
        ready = min(sum(each.ready for each in found), self._scraped())
        # A model may have been added while the cluster was asked: its deployment is in nobody's answer yet.
        coming = bool(self._missing or self._to_create)
        wanted = sum(self._replicas.values()) if coming else sum(each.wanted for each in found)
        stuck = [each for each in found if each.stuck and each.ready < each.wanted]
        message = f"{ready}/{wanted} ready" + "".join(f", the rollout of {each.name} is stuck" for each in stuck)
        # Somebody left it so: no reason not to come up.
        lost = sum(each.wanted - each.ready for each in stuck)
        return message, not (coming or self._to_update or self._rolling) and ready >= wanted - lost

    def _scraped(self) -> int:
        """How many processes the node agent runs that are ready."""
        try:
            return len(json.loads(self._targets.read_bytes()))
        except (OSError, ValueError):
            return 0
