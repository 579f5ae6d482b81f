"""`modeldeck changes`: what happened to a deployment around a moment, or the most prominent jump of its charts, the likeliest first."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from datetime import time as time_of_day
from typing import Any

from modeldeck.backends import Backends, connect, open_journal, open_sightings
from modeldeck.cli.output import put, put_json, say, table
from modeldeck.cli.snapshot import told
from modeldeck.domain.changes.change_event import ChangeEvent, ChangeQuestion, Changes
from modeldeck.domain.changes.chart_jumps import ASKED, question_about
from modeldeck.domain.changes.ranking import likelihood
from modeldeck.domain.environments import Environment
from modeldeck.domain.failures import Failure, NotFound, Rejected
from modeldeck.domain.identity import ClusterId
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.mlflow.alias_changes import AliasChange
from modeldeck.domain.operations.exit_code import ExitCode
from modeldeck.live.clock import SystemClock
from modeldeck.live.deployment_charts import DeploymentCharts, SpanCharts, SpanQuery
from modeldeck.live.scrapes import Scrapes
from modeldeck.operations.changes.reading import what_changed
from modeldeck.operations.common.text import iso
from modeldeck.operations.history.history import Memories
from modeldeck.ports import Clock, Metrics
from modeldeck.render import changes as render

_HEAD = ("WHEN", "KIND", "SUBJECT", "WHAT", "SOURCE")
_AHEAD = 60.0
# Seconds by which another clock may be ahead of this one.


async def changes(environment: Environment, given: argparse.Namespace) -> ExitCode:
    """0 where the deployment could be looked at, however little else; 3 where it does not exist, 6 where the cluster cannot be reached."""
    backends, clock = connect(environment), SystemClock()
    try:
        found = await _look(environment, backends, clock, given)
    finally:
        await backends.close()
    if given.output == "json":
        put_json(_json(given.deployment, found))
        return ExitCode.DONE
    at = datetime.fromtimestamp(found.asked.moment)
    put("".join(cell.text for cell in render.head(found, f"{at:%Y-%m-%d %H:%M:%S}")))
    put(table(_HEAD, [_cells(event, found) for event in found.events]) if found.events else "nothing is known to have happened")
    for message in found.not_known:
        say(f"modeldeck: not known: {message}")
    return ExitCode.DONE


async def _look(environment: Environment, backends: Backends, clock: Clock, given: argparse.Namespace) -> Changes:
    key, clients = given.deployment, backends.clients
    namespace, _, name = key.partition("/")
    namespaces = tuple(dict.fromkeys((*await backends.namespaces(), namespace)))
    fleet = await clients.need_cluster().fleet(("*",) if "*" in namespaces else namespaces)
    if fleet.deployment(key) is None:
        raise NotFound(f"no deployment {name} in {namespace}", hint="modeldeck status", backend="Kubernetes")
    asked, registry, cluster, identity = await asyncio.gather(
        _question(fleet, key, clients.metrics, backends, clock, given),
        told(lambda: clients.need_registry().registry(), "MLflow"),
        told(lambda: clients.need_cluster().identity(), "Kubernetes"),
        told(lambda: clients.need_registry().identity(), "MLflow"),
    )
    seen = _sightings(environment, identity.value) if identity.value is not None else ()
    journal = open_journal(environment).operations()
    memories = Memories(fleet, registry.value, journal, seen, cluster.value or ClusterId(), identity.value or "")
    missing = (f"{registry.failure}: what aliases and version tags tell",) if registry.failure is not None else ()
    return await what_changed(
        key,
        asked,
        memories,
        cluster=clients.need_cluster(),
        metrics=clients.metrics,
        alerts=clients.alerts,
        patterns=environment.patterns,
        clock=clock,
        not_known=missing,
    )


async def _question(
    fleet: Fleet, key: str, metrics: Metrics | None, backends: Backends, clock: Clock, given: argparse.Namespace
) -> ChangeQuestion:
    """The moment that was given, else that of the most prominent jump, else now."""
    now, window = clock.now(), given.window
    if given.at is not None:
        at = moment_of(given.at, now)
        if at > now + _AHEAD:
            raise Rejected(f"{iso(at)} has not come yet", hint="without a zone a time is in this machine's own")
        return ChangeQuestion(at, window)
    if metrics is None:
        return ChangeQuestion(now, window)
    namespace, _, name = key.partition("/")
    charts = DeploymentCharts(namespace, name, metrics, Scrapes(metrics, clock, backends.namespaces), lambda: fleet, clock)
    answer = await told(lambda: _read(charts, window), "Prometheus")
    if answer.value is None:
        say(f"modeldeck: {answer.failure}: whether a chart jumps is not known, so that it is about now")
        return ChangeQuestion(now, window)
    return question_about(answer.value.lines, window) or ChangeQuestion(now, window)


async def _read(charts: DeploymentCharts, window: float) -> SpanCharts:
    return await charts.read(SpanQuery(window, kinds=ASKED))


def _sightings(environment: Environment, registry: str) -> tuple[AliasChange, ...]:
    try:
        return open_sightings(environment).sightings(registry)
    except Failure as failure:
        say(f"modeldeck: {failure}: what others did to aliases is missing")
        return ()


def moment_of(given: datetime | time_of_day, now: float) -> float:
    """Seconds since the epoch. What names no zone is in the machine's own, a time of day the last one that was."""
    if isinstance(given, datetime):
        return given.timestamp()
    today = datetime.combine(datetime.fromtimestamp(now).date(), given)
    return (today if today.timestamp() <= now else today - timedelta(days=1)).timestamp()


def _cells(event: ChangeEvent, found: Changes) -> tuple[str, ...]:
    return render.when(event, found.asked.moment), event.kind.value, event.subject, event.what, event.source


def _json(key: str, found: Changes) -> Mapping[str, Any]:
    asked = found.asked
    return {
        "deployment": key,
        "moment": iso(asked.moment),
        "since": iso(asked.since),
        "jump": asked.jump or None,
        "window": asked.window,
        "changes": [_event_json(event, asked) for event in found.events],
        "not_known": list(found.not_known),
    }


def _event_json(event: ChangeEvent, asked: ChangeQuestion) -> Mapping[str, Any]:
    return {
        "kind": event.kind.value,
        "at": iso(event.at),
        "until": iso(event.until),
        "seconds_before": round(asked.moment - event.at, 3),
        "subject": event.subject,
        "what": event.what,
        "source": event.source,
        "reach": event.reach.value,
        "likelihood": round(likelihood(event, asked.moment, asked.since), 4),
        "details": list(event.details),
    }
