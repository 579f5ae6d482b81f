"""Lists in pages: a short first page, so that rows stand on the screen before a large rest has come."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from modeldeck.domain.failures import Failure
from modeldeck.sources.common import bounds
from modeldeck.sources.common.bounds import PageTokens
from modeldeck.sources.http.decode import LARGE, as_malformed, collector_paused
from modeldeck.sources.http.transport import Timeouts, Transport
from modeldeck.sources.kubernetes import BACKEND, wire
from modeldeck.sources.kubernetes.resources import ResourceKind

T = TypeVar("T")

FIRST_PAGE = 500
PAGE = 1500
"""Larger ones save little, and their decoding would hold up the screen."""
PATIENT = Timeouts(read=30.0, total=120.0)
"""For the large pages of a large cluster over a slow line."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`resource_version` is the same on every page: that of the whole list, from which a watch can go on."""

    items: tuple[T, ...]
    resource_version: str
    last: bool


async def pages(
    transport: Transport, kind: ResourceKind[T], namespace: str, *, selector: str = "", fields: str = "", most: int = bounds.LIST
) -> AsyncIterator[Page[T]]:
    """At most `most` bytes. Raises a Failure; one with `expired(...)` true where the list grew too old between two pages, and must be begun
    again."""
    tokens, size, count = PageTokens(BACKEND), 0, 0
    params: dict[str, str | int] = {"limit": FIRST_PAGE}
    if selector:
        params["labelSelector"] = selector
    if fields:
        params["fieldSelector"] = fields
    while True:
        body = await transport.get(kind.path(namespace), params=params, timeouts=PATIENT, most=min(bounds.LIST_BODY, most))
        answer = transport.decode(body, wire.ObjectList, most=bounds.LIST_VALUES)
        size, count = size + len(body), count + len(answer.items or ())
        if size > most:
            raise bounds.too_large(most, backend=BACKEND, what=f"its list of {kind.plural}")
        if count > bounds.OBJECTS:
            raise bounds.too_many(kind.plural, backend=BACKEND)
        with as_malformed(body, backend=BACKEND), collector_paused() if len(body) >= LARGE else nullcontext():
            items = tuple([kind.become(kind.decoder.decode(item)) for item in answer.items or ()])
        del body
        answer.items = None
        following = tokens.following(answer.metadata.continue_)
        yield Page(items, answer.metadata.resource_version, last=not following)
        if not following:
            return
        params |= {"continue": following, "limit": PAGE}


async def listed(
    transport: Transport, kind: ResourceKind[T], namespace: str, *, selector: str = "", fields: str = "", most: int = bounds.LIST
) -> tuple[T, ...]:
    """The whole list. One that expires between its pages is begun again once."""
    try:
        return await _whole(pages(transport, kind, namespace, selector=selector, fields=fields, most=most))
    except Failure as failure:
        if not expired(failure):
            raise
    return await _whole(pages(transport, kind, namespace, selector=selector, fields=fields, most=most))


async def _whole(found: AsyncIterator[Page[T]]) -> tuple[T, ...]:
    items: list[T] = []
    async for page in found:
        items.extend(page.items)
    return tuple(items)


def converted(become: Callable[[Any], T], body: Any) -> T:
    with as_malformed(b"", backend=BACKEND):
        return become(body)


def expired(failure: Failure) -> bool:
    """410 Gone: what was asked for is no longer kept, so that only a new list helps."""
    return failure.status == 410
