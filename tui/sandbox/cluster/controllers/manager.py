"""All control loops of the cluster, side by side in one event loop."""

from __future__ import annotations

import asyncio

from tui.sandbox.cluster.controllers import recorder
from tui.sandbox.cluster.controllers.deployments import DeploymentController
from tui.sandbox.cluster.controllers.garbage import GarbageCollector
from tui.sandbox.cluster.controllers.namespaces import NamespaceController
from tui.sandbox.cluster.controllers.replicasets import ReplicaSetController
from tui.sandbox.cluster.controllers.scheduling import Scheduler
from tui.sandbox.cluster.registry import Registry

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
