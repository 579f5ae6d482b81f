"""Where a roll-back may go: versions that served in this Deployment, with the evidence, and which one is the default.

The default is the last one that served and was not itself rolled back: so a second roll-back goes further back instead of toggling.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from modeldeck.domain.kubernetes.workloads import Deployment, Fleet
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.mlflow.registry import Registry
from modeldeck.domain.operations.operation import Operation
from modeldeck.domain.operations.rollback_target import RollbackTarget
from modeldeck.operations.history.history import others_cause
from modeldeck.operations.history.records import of_annotations, of_journal, of_tags, records_of
from modeldeck.operations.history.revisions import Revision, writer_of
from modeldeck.operations.history.timeline import Arrival, timeline
from modeldeck.operations.planning.candidate_metrics import Span

REPLICA_SETS = "replica sets"
METRICS = "metrics"


@dataclass
class _Service:
    """One time that a version served. Not frozen: it ends when the next one arrives."""

    version: str
    arrival: Arrival | None
    """None: it was there before anything that is remembered."""
    ended: Arrival | None = None


@dataclass
class _Past:
    """What served one after the other, as far as it is told. Not frozen: it is read from one arrival to the next."""

    services: list[_Service] = field(default_factory=list)
    rolled_back: set[str] = field(default_factory=set)
    """Versions that a roll-back left behind, and that have not been promoted since."""

    def hear(self, arrival: Arrival) -> None:
        move = arrival.move
        if move is not None and not arrival.back and move.change.from_version and move.change.from_version != move.change.to_version:
            self._was_there(move.change.from_version)
        if not arrival.served or arrival.back:
            return
        current = self.services[-1] if self.services else None
        if current is not None and current.ended is None:
            if current.version == arrival.version:
                return
            current.ended = arrival
        if arrival.version is None:
            return
        if self._goes_back(arrival):
            self._leave_behind(arrival.version)
        self.rolled_back.discard(arrival.version)
        self.services.append(_Service(arrival.version, arrival))

    def _was_there(self, version: str) -> None:
        """An operation tells what it found: that had come before, whether or not anything else tells of it."""
        current = self.services[-1] if self.services else None
        if current is None or current.version != version or current.ended is not None:
            self.services.append(_Service(version, None))

    def _goes_back(self, arrival: Arrival) -> bool:
        """Others do not say what they mean. A template that comes back is taken for a roll-back, unless it names a version that had been
        rolled back: that one is promoted again."""
        if arrival.move is not None:
            return arrival.move.rollback
        returned = arrival.revision is not None and arrival.revision.returned
        return returned and arrival.version not in self.rolled_back

    def _leave_behind(self, version: str) -> None:
        """Everything that came after the version had served last; only what serves now, where it is not known to have served."""
        came = [one.version for one in self.services]
        since = len(came) - 1 - came[::-1].index(version) if version in came else len(came) - 2
        self.rolled_back |= {one for one in came[since + 1 :] if one != version}


def rollback_targets(
    deployment: Deployment,
    fleet: Fleet,
    past: Iterable[Operation],
    registry: Registry | None,
    serving: str | None,
    patterns: LinkPatterns,
    model: str,
    measured: Mapping[str, Span] | None = None,
) -> tuple[RollbackTarget, ...]:
    """The last that served first; at most one of them is the default. `serving` is the version that the template names now, `measured` what
    Prometheus has seen of each version in this Deployment (evidence.py)."""
    sets = [each for each in fleet.replica_sets if each.owner_uid == deployment.uid]
    moves = records_of(deployment, of_journal(past), of_annotations(deployment, sets), of_tags(registry))
    arrivals = [one for one in timeline(deployment, sets, moves, registry, patterns) if one.model in (None, model)]
    heard = _Past()
    for arrival in arrivals:
        heard.hear(arrival)
    kept = {one.version: one.revision for one in arrivals if one.version and one.revision is not None and not one.back}
    found = [
        _target(service, model, deployment, kept.get(service.version), (measured or {}).get(service.version), heard)
        for service in _last_of_each(heard.services)
        if service.version != serving
    ]
    tried = {one.version for one in arrivals if not one.served}
    known = {serving, *tried, *(target.version for target in found)}
    found += _only_measured({version: span for version, span in (measured or {}).items() if version not in known}, model, registry)
    default = next((target for target in found if not target.rolled_back), None)
    return tuple(replace(target, is_default=target is default) for target in found)


def _last_of_each(services: Sequence[_Service]) -> list[_Service]:
    """Each version's last service, the latest first."""
    found: dict[str, _Service] = {}
    for service in reversed(services):
        found.setdefault(service.version, service)
    return list(found.values())


def _only_measured(measured: Mapping[str, Span], model: str, registry: Registry | None) -> list[RollbackTarget]:
    """Older than everything else that is remembered. Servers may state anything as a version: only what is registered counts."""
    latest_first = sorted(measured.items(), key=lambda one: one[1][1], reverse=True)
    return [
        RollbackTarget(version, model, since, until, "", (METRICS,))
        for version, (since, until) in latest_first
        if registry is not None and registry.version(model, version) is not None
    ]


def _target(
    service: _Service, model: str, deployment: Deployment, kept: Revision | None, measured: Span | None, heard: _Past
) -> RollbackTarget:
    arrival, ended = service.arrival, service.ended
    sources = dict.fromkeys(one.move.source for one in (arrival, ended) if one is not None and one.move is not None)
    since = arrival.at if arrival is not None else None
    until = ended.at if ended is not None and not math.isinf(ended.at) else None
    return RollbackTarget(
        version=service.version,
        model=model,
        served_from=since if since is not None or measured is None else measured[0],
        served_until=until if until is not None or measured is None else measured[1],
        ended_why=_why(ended, deployment, rolled_back=service.version in heard.rolled_back),
        sources=(*sources, *((REPLICA_SETS,) if kept else ()), *((METRICS,) if measured else ())),
        revision=kept.replica_set.revision if kept else None,
        rolled_back=service.version in heard.rolled_back,
    )


def _why(ended: Arrival | None, deployment: Deployment, *, rolled_back: bool) -> str:
    if ended is None:
        return ""
    if ended.move is not None:
        verb = "rolled back to" if ended.move.rollback else "replaced by"
        who = f" by {ended.move.actor}" if ended.move.actor else ""
        return f"{verb} {ended.move.change.to_version}{who}" + (f": {ended.move.reason}" if ended.move.reason else "")
    revision = ended.revision
    if revision is None:
        return ""
    who, cause = writer_of(revision, deployment), others_cause(revision)
    verb = "went back to" if rolled_back and revision.returned else "replaced by"
    said = f"{verb} {ended.version or 'what the registry said then'} outside of modeldeck" + (f" ({who})" if who else "")
    return said + (f": {cause}" if cause else "")
