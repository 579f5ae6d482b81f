"""All control loops of the cluster, side by side in one event loop."""

from __future__ import annotations

import asyncio

from kubesim.controllers import recorder
from kubesim.controllers.deployments import DeploymentController
from kubesim.controllers.garbage import GarbageCollector
from kubesim.controllers.namespaces import NamespaceController
from kubesim.controllers.replicasets import ReplicaSetController
from kubesim.controllers.scheduling import Scheduler
from kubesim.registry.registry import Registry

_EXPIRY_SECONDS = 300.0


async def run_controllers(registry: Registry) -> None:
    """Run until cancelled; an error in any loop ends them all."""
    loops = (
        NamespaceController(registry),
        DeploymentController(registry),
        ReplicaSetController(registry),
        Scheduler(registry),
        GarbageCollector(registry),
    )
    async with asyncio.TaskGroup() as group:
        for loop in loops:
            group.create_task(loop.queue.run())
        group.create_task(_expire_events(registry))


async def _expire_events(registry: Registry) -> None:
    while True:
        recorder.expire(registry)
        await asyncio.sleep(_EXPIRY_SECONDS)
