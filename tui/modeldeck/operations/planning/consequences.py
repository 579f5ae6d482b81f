"""What a change will bring with it that its steps do not show: told in the plan, only where there is something to tell."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Sequence

from modeldeck.domain.failures import Failure
from modeldeck.domain.kubernetes.workloads import Deployment
from modeldeck.domain.links.linking import find_links, links_of
from modeldeck.domain.links.links import LinkSource, ServingLink
from modeldeck.domain.links.slots import Edits
from modeldeck.domain.operations.checks import Check, CheckName, Verdict
from modeldeck.operations.common import patch
from modeldeck.operations.common.clients import Clients
from modeldeck.operations.planning.plan_inputs import PlanInputs
from modeldeck.operations.planning.repeated_variables import repeated

_OTHERS_TIMEOUT = 5.0
"""Seconds in which the other deployments are read: a plan can be made without them."""
_NAMED = 3
"""How many others are named; the rest is counted."""


def consequences(inputs: PlanInputs, wanted: Edits) -> tuple[Check, ...]:
    """Those that the Deployment itself tells."""
    return tuple(_all(inputs, patch.of_template(wanted)))


def _all(inputs: PlanInputs, wanted: Edits) -> Iterator[Check]:
    yield from _twice(inputs.deployment, wanted)
    if wanted:
        yield from _moving_reference(inputs)
        if inputs.link.how is LinkSource.ANNOTATION:
            message = "only an annotation says which version is served: what the server loads does not change with it"
            yield Check(CheckName.REFERENCE, Verdict.WARN, message, "let the server read the version from a variable or an argument")


def _twice(deployment: Deployment, wanted: Edits) -> Iterator[Check]:
    """A patch merges variables by name, so that of two of one name the API server drops one."""
    for found in repeated(deployment, wanted):
        twice = f"{found.name} stands twice in container {found.container}"
        message = f"{twice}; Kubernetes takes the last one, and a patch would drop one of them"
        yield Check(CheckName.VARIABLES, Verdict.REFUSE if found.edited else Verdict.WARN, message, found.hint)


def _moving_reference(inputs: PlanInputs) -> Iterator[Check]:
    stages = dict.fromkeys(link.stage for link in (inputs.link, *inputs.link.also) if link.stage is not None)
    for stage in stages:
        named = "the newest version" if stage == "latest" else f"stage {stage}"
        message = f"the pods follow {named} of {inputs.model}: from now on they name version {inputs.to_version}, and no longer follow it"
        hint = f"to follow a version that moves, name an alias: models:/{inputs.model}@{inputs.intent.alias}"
        yield Check(CheckName.REFERENCE, Verdict.WARN, message, hint)


async def others(inputs: PlanInputs, alias: str, clients: Clients, together: Collection[str]) -> tuple[Check, ...]:
    """What other workloads make of the alias that moves: StatefulSets and DaemonSets read it, too. `together`: keys of the deployments that
    this operation changes as well. Where they cannot be read, nothing is said."""
    cluster, patterns, own = clients.need_cluster(), clients.environment.patterns, inputs.deployment
    target = clients.environment.cluster
    where = target.namespaces if target is not None and target.namespaces else (own.namespace,)
    try:
        async with asyncio.timeout(_OTHERS_TIMEOUT):
            fleet, unhandled = await asyncio.gather(cluster.fleet(where), cluster.unhandled(where))
    except (Failure, TimeoutError):
        return ()
    found = {
        **{other.key: links_of(other, patterns) for other in fleet.deployments if other.key not in (own.key, *together)},
        **{f"{other.kind} {other.key}": find_links(other.template, patterns) for other in unhandled},
    }
    follow: list[str] = []
    differ: list[str] = []
    for name, links in found.items():
        mine = [link for link in links if link.model == inputs.model]
        if any(link.alias == alias for link in mine):
            follow.append(name)
        elif (versions := _versions(mine)) and inputs.to_version not in versions:
            differ.append(f"{name} ({', '.join(versions)})")
    return tuple(_told(inputs, alias, follow, differ))


def _versions(links: Sequence[ServingLink]) -> list[str]:
    return sorted({link.version for link in links if link.version is not None and link.alias is None and link.certain})


def _told(inputs: PlanInputs, alias: str, follow: Sequence[str], differ: Sequence[str]) -> Iterator[Check]:
    if follow:
        verb = "follows" if len(follow) == 1 else "follow"
        message = (
            f"{_list(follow)} {verb} alias {alias} too: new pods there load version {inputs.to_version}, pods that run keep the old one"
        )
        yield Check(CheckName.OTHER_DEPLOYMENTS, Verdict.WARN, message, "restart them, or promote them together")
    if differ:
        verb = "names another version" if len(differ) == 1 else "name other versions"
        message = f"{_list(differ)} {verb} of {inputs.model}: there, alias and template will differ"
        yield Check(CheckName.OTHER_DEPLOYMENTS, Verdict.WARN, message, "promote them together, or give them an alias of their own")


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"
