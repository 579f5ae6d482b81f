"""A Deployment's template over time, as its ReplicaSets tell: each has the revisions that it had, and the template of all of them.

Kubernetes keeps the last ten sets. It says when a set was made, but not when an older one came back: of that only the bounds are known,
or the time of the Deployment's newest write where that is the one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from modeldeck.domain.kubernetes.annotations import FIELD_MANAGER
from modeldeck.domain.kubernetes.workloads import Deployment, FieldOwner, ReplicaSet
from modeldeck.domain.links.linking import link_in
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.links.resolving import resolve
from modeldeck.domain.mlflow.registry import Registry
from modeldeck.domain.numerals import whole

_EARLIER = "deployment.kubernetes.io/revision-history"
SECOND = 1.0
"""Kubernetes cuts what is less off its times."""
_SAME_WRITE = 5.0
# Seconds in which a template that was written has its ReplicaSet.


@dataclass(frozen=True, slots=True)
class Revision:
    """The template named this version from some moment between `since` and `until` on: a second where Kubernetes tells the time."""

    number: int
    model: str | None
    version: str | None
    """None: nobody can tell, such as which version an alias stood for then."""
    by_alias: bool
    """The pods asked the registry what to serve when they started."""
    returned: bool
    """An older ReplicaSet came back: `kubectl rollout undo`, or any other way to the same template."""
    replica_set: ReplicaSet
    since: float
    until: float
    exact: bool
    """Whether Kubernetes tells the time itself; else there are only bounds."""

    @property
    def newest_of_set(self) -> bool:
        return self.number == self.replica_set.revision

    @property
    def cause(self) -> str:
        """Its change cause: a set only keeps that of its last revision."""
        return self.replica_set.change_cause if self.newest_of_set else ""


def revisions(
    deployment: Deployment, sets: Iterable[ReplicaSet], registry: Registry | None, patterns: LinkPatterns
) -> tuple[Revision, ...]:
    """Oldest first; those of sets that are gone are missing."""
    found = [one for each in sets if each.revision for one in _of_set(each, deployment, registry, patterns)]
    found.sort(key=lambda one: one.number)
    return _timed(_sure(found), deployment)


def _of_set(replica_set: ReplicaSet, deployment: Deployment, registry: Registry | None, patterns: LinkPatterns) -> list[Revision]:
    link = link_in(replica_set.template, deployment, patterns)
    by_alias = link is not None and (link.alias is not None or link.stage is not None)
    model = version = None
    if link is not None and by_alias:
        # What an alias points at today says nothing about then: only the annotation of that time does.
        model, version = link.model, link.version if link.annotated else None
    elif link is not None:
        resolved = resolve(link, registry)
        model, version = resolved.model, resolved.version
    texts = replica_set.annotations.get(_EARLIER, "").split(",")
    numbers = sorted({replica_set.revision, *(number for text in texts if (number := whole(text)) is not None)})
    made = replica_set.created_at or 0.0
    first = Revision(numbers[0], model, version, by_alias, False, replica_set, made, made + SECOND, True)
    return [first, *(replace(first, number=number, returned=True, since=0.0, until=math.inf, exact=False) for number in numbers[1:])]


def _sure(found: Sequence[Revision]) -> list[Revision]:
    """Behind an alias, only an annotation that came with the revision tells the version. One that was there before is as old as that, and
    pods of a set that comes back ask the registry anew."""
    sure: list[Revision] = []
    said: str | None = None
    for one in found:
        trusted = not one.by_alias or (not one.returned and one.version != said)
        said = one.version
        sure.append(one if trusted else replace(one, version=None))
    return sure


def _timed(found: Sequence[Revision], deployment: Deployment) -> tuple[Revision, ...]:
    """Between the revision before and the one behind."""
    if not found:
        return ()
    timed = list(found)
    newest = timed[-1]
    writer = last_writer(deployment)
    if newest.returned and writer is not None and writer.at is not None:
        # Of an operation of ours it is the end, when its mark is taken off.
        timed[-1] = replace(newest, since=writer.at, until=writer.at + SECOND, exact=True)
    return bounded(timed)


def bounded(found: Sequence[Revision]) -> tuple[Revision, ...]:
    """Each not before what came before it, and not after what came after it."""
    timed = list(found)
    lower = 0.0
    for index, one in enumerate(timed):
        if not one.exact:
            timed[index] = replace(one, since=min(max(one.since, lower), one.until))
        lower = max(lower, timed[index].since)
    upper = math.inf
    for index in range(len(timed) - 1, -1, -1):
        one = timed[index]
        if not one.exact:
            timed[index] = replace(one, until=max(min(one.until, upper), one.since))
        upper = min(upper, timed[index].until)
    return tuple(timed)


def last_writer(deployment: Deployment) -> FieldOwner | None:
    """Who wrote fields of the template last, as Kubernetes keeps it."""
    written = [owner for owner in deployment.owners if owner.owns_template and not owner.subresource and owner.at is not None]
    return max(written, key=lambda owner: owner.at or 0.0, default=None)


def writer_of(revision: Revision, deployment: Deployment, *, after: float = 0.0, follows_ours: bool = False) -> str:
    """The field manager that a revision is from, "" where Kubernetes does not tell: it only keeps each manager's last write.

    `after`: when the revision before it was made, whose writer it must not be taken for. Nor is it anybody who wrote later.
    `follows_ours`: that writer was modeldeck, so that of the same second anybody else's write is the later one.
    """
    if revision.returned:
        writer = last_writer(deployment) if revision.number == deployment.revision else None
        return writer.manager if writer else ""
    earliest = max(after, revision.since - _SAME_WRITE)
    written = [owner for owner in deployment.owners if owner.owns_template and not owner.subresource and owner.at is not None]
    others = [owner for owner in written if follows_ours and owner.at == after and owner.manager != FIELD_MANAGER]
    near = [owner for owner in written if earliest < (owner.at or 0.0) <= revision.since] or others
    return max(near, key=lambda owner: owner.at or 0.0).manager if near else ""
