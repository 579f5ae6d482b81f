"""`modeldeck history`: who moved what, when, why, and how it ended; from the journal, the cluster, the registry and what was seen of its
aliases together."""

from __future__ import annotations

import argparse
import asyncio

from modeldeck.backends import Backends, connect, open_journal, open_sightings
from modeldeck.cli.here import here_offline
from modeldeck.cli.output import put, put_json, say, short, table
from modeldeck.cli.snapshot import told
from modeldeck.domain.environments import Environment
from modeldeck.domain.failures import Failure
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.mlflow.alias_changes import AliasChange
from modeldeck.domain.operations.exit_code import ExitCode
from modeldeck.domain.operations.history_entry import HistoryEntry
from modeldeck.domain.operations.intent import Kind
from modeldeck.operations.common.serialization import history_json
from modeldeck.operations.common.text import iso
from modeldeck.operations.history.history import Memories
from modeldeck.operations.history.history import history as gathered

_HEAD = ("WHEN", "ACTOR", "KIND", "DEPLOYMENT", "MODEL", "FROM", "TO", "OUTCOME", "SOURCE", "REASON")


async def history(environment: Environment, given: argparse.Namespace) -> int:
    """What a backend that is away would have added is missing, and said to be."""
    backends = connect(environment)
    clients = backends.clients
    try:
        fleet, registry, cluster, identity = await asyncio.gather(
            told(lambda: _fleet(backends), "Kubernetes"),
            told(lambda: clients.need_registry().registry(), "MLflow"),
            told(lambda: clients.need_cluster().identity(), "Kubernetes"),
            told(lambda: clients.need_registry().identity(), "MLflow"),
        )
    finally:
        await backends.close()
    journal = open_journal(environment).operations()
    seen = _sightings(environment, identity.value) if identity.value is not None else ()
    here = cluster.value or await here_offline(environment, journal)
    memories = Memories(fleet.value, registry.value, journal, seen, here, identity.value or "")
    past = gathered(memories, environment.patterns)
    found = [one for one in past if given.subject is None or one.is_about(given.subject)]
    if given.output == "json":
        put_json({"entries": [history_json(one) for one in found]})
    else:
        put(table(_HEAD, [_cells(one) for one in found]) if found else "nothing is known to have been moved")
    for answer in (fleet, registry):
        if answer.failure is not None:
            say(f"modeldeck: {answer.failure}: its part of the history is missing")
    return ExitCode.DONE


async def _fleet(backends: Backends) -> Fleet:
    return await backends.clients.need_cluster().fleet(await backends.namespaces())


def _sightings(environment: Environment, registry: str) -> tuple[AliasChange, ...]:
    """What was seen in the registry up to now, this very reading included."""
    try:
        return open_sightings(environment).sightings(registry)
    except Failure as failure:
        say(f"modeldeck: {failure}: what others did to aliases is missing")
        return ()


def _where(entry: HistoryEntry) -> str:
    key = entry.last.key
    return f"{key} (another one)" if key in entry.elsewhere else key


def _cells(entry: HistoryEntry) -> tuple[str, ...]:
    last = entry.last
    return (
        iso(entry.finished_at or entry.started_at) or "",
        short(entry.actor) or "–",
        entry.kind.value,
        _where(entry) if last.key else "–",
        last.model if last.key else f"{last.model}@{last.alias}",
        last.from_version or ("?" if last.key else "nothing"),
        last.to_version or ("?" if last.key else "nothing"),
        (entry.outcome or entry.state).value,
        entry.source,
        entry.reason or (entry.message if entry.kind is Kind.MOVE else ""),
    )
