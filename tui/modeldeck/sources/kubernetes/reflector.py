"""One kind in one scope, listed once and then watched, for as long as it runs (client-go's reflector).

    list → watch from the list's version → … → 410: list again; connection lost: pause, watch on from the last version seen

What goes wrong is a value (`failure`) and a growing pause; the shelf keeps what was known. Only cancellation ends it.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from modeldeck.backoff import FIRST, LONGEST, Backoff
from modeldeck.domain.failures import Failure, Forbidden, Malformed, TimedOut, TooLarge, Unreachable, without_traceback
from modeldeck.sources.common import bounds
from modeldeck.sources.common.edge import told
from modeldeck.sources.http import http_errors
from modeldeck.sources.http.transport import Params
from modeldeck.sources.kubernetes import BACKEND, responses, wire
from modeldeck.sources.kubernetes.connection import Connection
from modeldeck.sources.kubernetes.listing import converted, expired, pages
from modeldeck.sources.kubernetes.resources import Item, ResourceKind
from modeldeck.sources.kubernetes.store import Store

T = TypeVar("T", bound=Item)

FIRST_PAUSE, LONGEST_PAUSE = FIRST, LONGEST
HEALTHY = 120.0
"""Seconds without a failure after which the pauses begin small again."""
SILENCE = 150.0
"""Seconds without a byte after which a watch is taken for dead: bookmarks come about every minute."""
LEASE = (240, 480)
"""Seconds after which the server is asked to end a watch, chosen anew each time so that watches do not end in step."""
SHORT = 10.0
"""Seconds that a watch should last. After one that did not, there is a pause, whatever it told: some servers end it after each event."""
NOTICED = 4
"""Short watches in a row from which it is told."""
POLL = 10.0
"""Seconds between lists of what may be listed but not watched."""


def pauses() -> Backoff:
    """Between the attempts to read one thing."""
    return Backoff(first=FIRST_PAUSE, longest=LONGEST_PAUSE, healthy=HEALTHY)


class Reflector(Generic[T]):
    """`changed` is called on the event loop after every change of the shelf or of `failure`. `fields`: a field selector. `waits`: how long
    it pauses after failures and after watches that were over at once."""

    def __init__(
        self,
        connection: Connection,
        kind: ResourceKind[T],
        namespace: str,
        changed: Callable[[], None],
        *,
        fields: str = "",
        waits: Backoff | None = None,
    ) -> None:
        self.kind = kind
        self.namespace = namespace
        self._fields = fields
        self.store: Store[T] = Store()
        self.failure: Failure | None = None
        self.begun = False
        """Whether at least the first page of a list has come."""
        self.read = False
        """Whether a list has come to its end."""
        self._unwatched = ""
        """Why it is polled instead of watched, in words."""
        self._began = 0.0
        self._short = 0
        """How many watches in a row were over at once."""
        self._connection = connection
        self._changed = changed
        self._pauses = waits or pauses()
        self.pausing = False
        """Whether nothing is asked or heard at the moment: what it knows may be that old."""
        self._version = ""
        self._woken = asyncio.Event()
        self._patience: asyncio.Timeout | None = None
        self._streaming = False
        """Whether the present watch was accepted by the server."""

    @property
    def hindrance(self) -> str:
        """What makes it older than it should be, though it is read, in words."""
        if self._unwatched:
            return f"{self._unwatched}; listed every few seconds instead"
        lasts = self._patience is not None and time.monotonic() - self._began >= SHORT
        if self._short < NOTICED or lasts:
            return ""
        return f"watches of {self.kind.plural} are ended at once; begun anew with growing pauses"

    async def run(self) -> None:
        while True:
            try:
                await self._round()
            except Exception as error:  # noqa: BLE001 — an edge: what breaks here would else never be read again
                failure = told(error, BACKEND)
                pause = self._pauses.next(failure.retry_after)
                if not expired(failure):
                    self._fail(failure)
                elif pause < 2 * FIRST_PAUSE:
                    pause = 0.0  # normal after a long silence: a new list at once, but not for ever
                if expired(failure) or isinstance(failure, TooLarge):
                    self._version = ""
                await self._nap(pause)

    def wake(self) -> None:
        """The way is open again: end a pause, and begin anew a watch that may have lost its other end."""
        self._woken.set()
        if self._patience is not None and not self._patience.expired():
            self._patience.reschedule(asyncio.get_running_loop().time())

    async def _round(self) -> None:
        """One list, where it is needed, and one watch. Returns when the watch ended in good order."""
        if not self._version:
            await self._list()
        self._began = time.monotonic()
        try:
            if await self._watch():
                return
        except Forbidden as refused:
            # Listing is allowed, or this would not have been reached.
            self._unwatched, self._version = refused.message, ""
            await self._nap(POLL)
            return
        except (Unreachable, TimedOut):
            if not self._streaming:
                raise
            # Proxies cut quiet connections: only when no new one can be made is it worth telling.
        self._short = self._short + 1 if time.monotonic() - self._began < SHORT else 0
        if self._short == NOTICED:
            self._changed()
        if self._short:
            await self._nap(self._pauses.next())

    async def _list(self) -> None:
        items: list[T] = []
        transport = await self._connection.transport()
        async for page in pages(transport, self.kind, self.namespace, fields=self._fields):
            items.extend(page.items)
            if page.last:
                self.store.replace(items)
                self.read = True
                self._version = page.resource_version
            elif not self.begun or len(self.store) < len(items):
                self.store.add(page.items)
            self.begun = True
            self._well()

    async def _watch(self) -> bool:
        """Answers whether it was ended by `wake`. Raises Rejected with status 410 when only a new list helps."""
        self._streaming, size = False, 0
        params: Params = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": random.randint(*LEASE),
            **({"fieldSelector": self._fields} if self._fields else {}),
        }
        transport = await self._connection.transport()
        try:
            async with (
                asyncio.timeout(None) as self._patience,
                transport.lines(self.kind.path(self.namespace), params=params, silence=SILENCE) as lines,
            ):
                self._unwatched, self._streaming = "", True
                self._well()
                async for line in lines:
                    size += len(line)
                    if line:
                        self._take(line)
                    if size > bounds.EVENTS:
                        self._version = ""
                        break
        except TimeoutError:
            return True  # woken: whoever woke us knows that the way is open
        finally:
            self._patience = None
        return False

    def _take(self, line: bytes) -> None:
        try:
            event = _events.decode(line)
            if event.type == "ERROR":
                raise _refusal(event.object)
            if event.type == "BOOKMARK":
                self._version = _named.decode(event.object).metadata.resource_version or self._version
                return
            body = self.kind.decoder.decode(event.object)
            item = converted(self.kind.become, body) if event.type in ("ADDED", "MODIFIED") else None
        except Failure:
            raise
        except Exception as error:  # noqa: BLE001 — whatever is wrong with it
            self._version = ""  # what this event said is lost: only a new list can tell
            message = f": {error}" if isinstance(error, msgspec.MsgspecError) else ""
            raise Malformed(f"unexpected event in a watch{message}", backend=BACKEND) from None
        meta: wire.Meta = body.metadata
        if event.type == "DELETED":
            self.store.remove(meta.namespace, meta.name)
        elif item is not None:
            self.store.put(item)
            if len(self.store) > bounds.OBJECTS:
                raise bounds.too_many(self.kind.plural, backend=BACKEND)
        self._version = meta.resource_version or self._version
        self._changed()

    def _well(self) -> None:
        self.failure = None
        self._changed()

    def _fail(self, failure: Failure) -> None:
        if failure.status is not None:
            # The server answers, and refuses: it may have been restored or replaced, so that old versions mean nothing.
            self._version = ""
        self.failure = without_traceback(failure)
        self._changed()

    async def _nap(self, seconds: float) -> None:
        self._woken.clear()
        self.pausing = True
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return
        finally:
            self.pausing = False


_events = msgspec.json.Decoder(wire.WatchEvent)
_named = msgspec.json.Decoder(wire.Named)
_statuses = msgspec.json.Decoder(responses.Status)


def _refusal(body: msgspec.Raw) -> Failure:
    """An ERROR event holds the Status that the request would have been refused with."""
    status = _statuses.decode(body)
    seconds = status.details.retry_after_seconds if status.details else 0
    headers = {"retry-after": str(seconds)} if seconds else {}
    return http_errors.refusal(status.code or 500, bytes(body), headers, backend=BACKEND, host="", explain=responses.explain)
