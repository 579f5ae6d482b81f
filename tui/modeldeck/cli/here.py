"""Which cluster an environment means, and which operations of the journal are its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace

from modeldeck.backends import cluster_address, connect
from modeldeck.domain.environments import Environment
from modeldeck.domain.failures import Failure
from modeldeck.domain.identity import ClusterId
from modeldeck.domain.operations.operation import Operation

PATIENCE = 2.0
"""Seconds for a question that can also be answered from what is known here."""


async def here_now(environment: Environment, journal: Sequence[Operation]) -> ClusterId:
    """As the cluster itself says, or where it is away, as far as it is known here."""
    if environment.cluster is None:
        return ClusterId()
    backends = connect(environment)
    try:
        async with asyncio.timeout(PATIENCE):
            return await backends.clients.need_cluster().identity()
    except (Failure, TimeoutError):
        return await here_offline(environment, journal)
    finally:
        await backends.close()


async def here_offline(environment: Environment, journal: Iterable[Operation]) -> ClusterId:
    """By the address, and by what the newest operation there knew of it."""
    if environment.cluster is None:
        return ClusterId()
    try:
        address = await asyncio.to_thread(cluster_address, environment.cluster)
    except Failure:
        return ClusterId()
    known = (operation.cluster for operation in journal if operation.cluster.address == address)
    return replace(next(known, ClusterId()), address=address)
