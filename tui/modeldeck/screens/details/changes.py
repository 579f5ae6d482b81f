"""Small changes that are no operation of their own: done at once, and said in one line."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from modeldeck.domain.failures import Failure
from modeldeck.domain.status.serving_row import ServingRow
from modeldeck.operations.actions import choose_link as choosing
from modeldeck.operations.actions import register as registering
from modeldeck.operations.actions import restart as restarting
from modeldeck.operations.actions import scale as scaling
from modeldeck.operations.common.clients import Clients
from modeldeck.ports import Clock
from modeldeck.render.cell import Cell, Line


@dataclass(frozen=True, slots=True)
class Change:
    """What is asked before it is made, and what makes it and says what came of it."""

    title: str
    question: tuple[Line, ...]
    make: Callable[[Clients], Coroutine[Any, Any, Line]]


def restart(row: ServingRow, clock: Clock) -> Change:
    async def make(clients: Clients) -> Line:
        try:
            await restarting.restart(clients, row.namespace, row.deployment, clock)
        except Failure as failure:
            return _refused(failure)
        return (Cell(f"{row.key} restarts", "ok"),)

    question: tuple[Line, ...] = (
        (Cell(f"{row.key}: restart {row.desired} pods?"),),
        (Cell("a rolling restart, as kubectl rollout restart does it; the same version comes back", "muted"),),
    )
    return Change("Restart", question, make)


def scale(row: ServingRow, replicas: int) -> Change:
    async def make(clients: Clients) -> Line:
        try:
            await scaling.scale(clients, row.namespace, row.deployment, replicas)
        except Failure as failure:
            return _refused(failure)
        return (Cell(f"{row.key} scales to {replicas}", "ok"),)

    return Change("Scale", ((Cell(f"{row.key}: from {row.desired} to {replicas} replicas?"),),), make)


async def choose_link(clients: Clients, row: ServingRow, places: Sequence[str]) -> Line:
    try:
        await choosing.choose_link(clients, row.namespace, row.deployment, places)
    except Failure as failure:
        return _refused(failure)
    return (Cell(f"{row.key}: {', '.join(places)} serves, as its annotation says from now on", "ok"),)


async def register(clients: Clients, run_id: str, model: str) -> Line:
    try:
        version = await registering.register(clients, run_id, model)
    except Failure as failure:
        return _refused(failure)
    return (Cell(f"registered as {version.model} v{version.version}", "ok"),)


def _refused(failure: Failure) -> Line:
    return (Cell(f"{failure} · {failure.hint}" if failure.hint else str(failure), "bad"),)
