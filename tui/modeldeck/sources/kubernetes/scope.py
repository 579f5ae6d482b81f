"""Which namespaces to look at, where all are asked for but not all may be listed. The right to list namespaces is never required."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from modeldeck.domain.failures import Forbidden
from modeldeck.sources.http.transport import Transport
from modeldeck.sources.kubernetes import wire
from modeldeck.sources.kubernetes.resources import DEPLOYMENTS

EVERYWHERE = "*"
_AT_MOST = 200
"""Namespaces that are tried one by one."""


async def readable_namespaces(transport: Transport, wanted: Sequence[str], own: str) -> tuple[str, ...]:
    """`""` alone for the whole cluster, else names. `wanted`: () is `own`, the context's namespace; `*` all that may be read.

    Raises a Failure where nobody can tell because the cluster does not answer.
    """
    if not wanted:
        return (own,)
    if EVERYWHERE not in wanted:
        return tuple(dict.fromkeys(wanted))
    if await _may_list(transport, ""):
        return ("",)
    names = await _names(transport)
    allowed = await asyncio.gather(*(_may_list(transport, name) for name in names[:_AT_MOST]))
    found = tuple(name for name, yes in zip(names, allowed, strict=False) if yes)
    return found or (own,)


async def _may_list(transport: Transport, namespace: str) -> bool:
    """Tried rather than reviewed: a review may be forbidden too."""
    try:
        await transport.get(DEPLOYMENTS.path(namespace), params={"limit": 1})
    except Forbidden:
        return False
    return True


async def _names(transport: Transport) -> tuple[str, ...]:
    try:
        answer = transport.decode(await transport.get("/api/v1/namespaces"), wire.NamedList)
    except Forbidden:
        return ()
    return tuple(item.metadata.name for item in answer.items or ())
