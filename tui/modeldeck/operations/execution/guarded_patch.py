"""Patching a Deployment that others write, too: guarded by its resourceVersion, and read anew as often as it moved."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from modeldeck.domain.failures import Conflict, Failure
from modeldeck.domain.kubernetes.workloads import Deployment
from modeldeck.domain.links.slots import Edits
from modeldeck.operations.common import patch
from modeldeck.operations.common.retry import TRANSIENT_WHERE_ALLOWED, pause_after
from modeldeck.operations.execution.execution import Execution

_REFETCHES = 5
_PAUSE = 0.3


@dataclass(frozen=True, slots=True)
class DeploymentPatch:
    edits: Edits
    message: str
    """What is about to be sent, for the log."""


Decide = Callable[[Deployment, Failure | None], Awaitable[DeploymentPatch | str]]
"""From the Deployment as it stands, and why the last answer was lost, to the change to send; or to the words with which it ends here."""


async def patch_guarded(execution: Execution, decide: Decide, *, during: str) -> Deployment | str:
    """The patched Deployment, or what `decide` ended with. At most five refetches when only the status moved or an answer was lost.

    The guard makes sending again safe: of two equal patches on one resourceVersion only one is accepted, however late it arrives.
    Raises Conflict where the Deployment keeps changing `during` it, the last Failure where answers keep being lost.
    """
    cluster = execution.clients.need_cluster()
    lost: Failure | None = None
    for _ in range(_REFETCHES + 1):
        deployment = await execution.retry(lambda: cluster.deployment(*execution.key))
        change = await decide(deployment, lost)
        if isinstance(change, str):
            return change
        await execution.request(change.message)
        try:
            return await cluster.patch_deployment(*execution.key, patch.patch(change.edits, deployment))
        except Conflict:
            continue
        except TRANSIENT_WHERE_ALLOWED as failure:
            lost = failure
            await execution.clock.sleep(pause_after(failure, _PAUSE))
    raise lost or Conflict(f"the deployment kept changing under the {during}", backend="Kubernetes")
