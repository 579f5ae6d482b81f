"""Whether somebody else would put a change of a Deployment's template back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from modeldeck.domain.failures import Failure
from modeldeck.domain.kubernetes.owners import Hold, TemplateOwner, configured, owners
from modeldeck.domain.kubernetes.workloads import Controller, Deployment
from modeldeck.domain.operations.checks import Check, CheckName, Verdict
from modeldeck.domain.operations.plan import Target
from modeldeck.operations.common import patch
from modeldeck.operations.common.clients import Clients
from modeldeck.operations.planning.plan_inputs import PlanInputs

_LONGEST_CHAIN = 5
# Owners above a Deployment that are looked for: KServe, on Knative, has four.


async def ownership(inputs: PlanInputs, clients: Clients, target: Target) -> Check:
    """Refuses what would surely be put back: the operation would end undone, and the pods would have been replaced twice for nothing."""
    deployment = inputs.deployment
    known = owners(deployment, await _topmost(deployment, clients))
    found = await asyncio.gather(*(_as_configured(owner, clients) for owner in known))
    if not found:
        return Check(CheckName.OWNERS, Verdict.OK, "nobody else is known to own the template")
    if not patch.of_template(target.slot_edits):
        return Check(CheckName.OWNERS, Verdict.OK, f"{_named(found)}: the template does not change")
    hint = "; ".join(dict.fromkeys(owner.instead for owner in found if owner.instead))
    sure = [owner for owner in found if owner.hold is Hold.REVERTS]
    if sure:
        return Check(CheckName.OWNERS, Verdict.REFUSE, f"{_named(sure)} controls this deployment and would put the change back", hint)
    if any(owner.hold is Hold.MAY_REVERT for owner in found):
        return Check(CheckName.OWNERS, Verdict.WARN, f"{_named(found)} may revert the change", hint)
    if any(owner.hold is Hold.OVERWRITES for owner in found):
        return Check(CheckName.OWNERS, Verdict.WARN, f"{_named(found)} will write the template anew with its next release", hint)
    return Check(CheckName.OWNERS, Verdict.OK, f"{_named(found)}, which does not write the template")


def _named(found: Iterable[TemplateOwner]) -> str:
    return ", ".join(map(str, found))


async def _topmost(deployment: Deployment, clients: Clients) -> Controller | None:
    """The object at the top of the chain of controllers, as far as it may be read."""
    found = deployment.controller
    for _ in range(_LONGEST_CHAIN):
        try:
            above = await clients.need_cluster().controller_of(deployment.namespace, found) if found else None
        except Failure:
            above = None
        if above is None:
            break
        found = above
    return found


async def _as_configured(owner: TemplateOwner, clients: Clients) -> TemplateOwner:
    """With what its own object says, where that may be read."""
    if owner.source is None:
        return owner
    try:
        settings = await clients.need_cluster().settings_of(owner.source_namespace, owner.source)
    except Failure:
        return owner
    return owner if settings is None else configured(owner, settings)
