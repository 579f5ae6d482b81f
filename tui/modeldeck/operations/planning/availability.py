"""How many pods serve while the new ones come: told in the plan, by the strategy and by whether a node has room for one more pod now."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from modeldeck.domain.failures import Failure, Forbidden
from modeldeck.domain.kubernetes.scheduling import Fit, Placement, placement
from modeldeck.domain.kubernetes.workloads import Deployment, Pod
from modeldeck.domain.links.slots import Edits
from modeldeck.domain.operations.checks import Check, CheckName, Verdict
from modeldeck.operations.common import patch
from modeldeck.operations.common.clients import Clients
from modeldeck.operations.planning.plan_inputs import PlanInputs

_FULL = {Fit.NO_ROOM: "no node has room for", Fit.NO_QUOTA: "the namespace has no quota for"}
_TIMEOUT = 2.0
"""Seconds in which nodes and pods are read: a plan can be made without them."""


async def availability(inputs: PlanInputs, wanted: Edits, clients: Clients) -> tuple[Check, ...]:
    """Nothing where no pod is replaced, or where only what is not known could be told."""
    deployment = inputs.deployment
    if not patch.of_template(wanted) or not deployment.desired:
        return ()
    strategy, desired = deployment.strategy, deployment.desired
    if strategy.recreate:
        message = "the strategy is Recreate: all old pods end before the first new one starts, so no pod serves until it is ready"
        return (Check(CheckName.AVAILABILITY, Verdict.WARN, message, "choose a time without traffic, or strategy RollingUpdate"),)
    surge, unavailable = strategy.limits(desired)
    if unavailable >= desired:
        who = f"all {desired} pods" if desired > 1 else "the only pod"
        message = f"maxUnavailable lets {who} end first: it may be that no pod serves until a new one is ready"
        return (Check(CheckName.AVAILABILITY, Verdict.WARN, message, "a smaller maxUnavailable keeps some"),)
    if not surge:
        return (Check(CheckName.AVAILABILITY, Verdict.OK, f"old pods end first, as maxSurge is 0: {_serving(deployment, unavailable)}"),)
    return surging(deployment, unavailable, await _placement(deployment, inputs.pods, clients))


def surging(deployment: Deployment, unavailable: int, found: Placement) -> tuple[Check, ...]:
    """What becomes of a rollout that begins with one pod more, of which `unavailable` old ones may be missing."""
    serving = _serving(deployment, unavailable)
    grows = f", unless {found.autoscaler} adds a node" if found.autoscaler else ""
    match found.fit:
        case Fit.FITS:
            return (Check(CheckName.AVAILABILITY, Verdict.OK, f"a node has room for one more pod now: {serving}"),)
        case Fit.PREEMPTS:
            message = f"one more pod gets a node only if pods of a lower priority end for it{grows}: {found.message}"
            return (Check(CheckName.AVAILABILITY, Verdict.WARN, message, "see whose pods these are"),)
        case Fit.NO_ROOM | Fit.NO_QUOTA if unavailable:
            message = f"{_FULL[found.fit]} one more pod{grows}: old pods end first, and {serving} ({found.message})"
            return (Check(CheckName.AVAILABILITY, Verdict.WARN, message, "free what it lacks, to keep all of them meanwhile"),)
        case Fit.NO_ROOM | Fit.NO_QUOTA:
            begins = f"{_FULL[found.fit]} the pod that the rollout begins with{grows}"
            message = f"{begins}: it gets nowhere, and ends at its deadline ({found.message})"
            fewer = "no pod" if deployment.desired == 1 else f"{deployment.desired - 1} of {deployment.desired} pods"
            hint = f"free what it lacks, or let an old pod end first: maxSurge 0, maxUnavailable 1 ({fewer} would serve meanwhile)"
            return (Check(CheckName.AVAILABILITY, Verdict.WARN, message, hint),)
    return _conditional(deployment, unavailable, found)


def _conditional(deployment: Deployment, unavailable: int, found: Placement) -> tuple[Check, ...]:
    """Only devices are so scarce that it is worth a word where nobody can tell."""
    devices = sorted({device for container in deployment.template.containers for device in container.devices})
    if not devices:
        return ()
    message = (
        f"a new pod needs {', '.join(devices)} while the old ones still hold theirs: where none is free it cannot be scheduled, "
        f"and {'nothing changes' if not unavailable else 'the rollout goes on only with pods that end'} until the deadline"
    )
    known = f" (whether one is free is not known: {found.message})" if found.message else ""
    hint = "see that a node has one free, or set maxSurge to 0 (fewer pods serve meanwhile)"
    return (Check(CheckName.AVAILABILITY, Verdict.WARN, message + known, hint),)


def _serving(deployment: Deployment, unavailable: int) -> str:
    if unavailable:
        return f"at least {deployment.desired - unavailable} of {deployment.desired} pods serve meanwhile"
    return f"all {deployment.desired} pods serve meanwhile" if deployment.desired > 1 else "the old pod serves meanwhile"


async def _placement(deployment: Deployment, pods: Sequence[Pod], clients: Clients) -> Placement:
    """Of a pod like those that run: what admission gives to a new one (limits, tolerations, sidecars) stands in them, and not in the
    template."""
    if deployment.template.node:
        return Placement(Fit.UNKNOWN, f"its template names node {deployment.template.node}, so that no scheduler is asked")
    like = next((pod for pod in pods if pod.node and not pod.ended and not pod.terminating), None)
    if like is None:
        return Placement(Fit.UNKNOWN, "none of its pods runs")
    try:
        async with asyncio.timeout(_TIMEOUT):
            return placement(await clients.need_cluster().scheduling(like))
    except Forbidden as failure:
        return Placement(Fit.UNKNOWN, f"nodes and pods may not be listed: {failure.message}")
    except Failure as failure:
        return Placement(Fit.UNKNOWN, str(failure))
    except TimeoutError:
        return Placement(Fit.UNKNOWN, f"the nodes and their pods were not read in {_TIMEOUT:.0f} s")
