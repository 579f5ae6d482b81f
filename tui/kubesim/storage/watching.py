"""Watches: every change once and in order, from a resourceVersion on, with bookmarks and 410 for what is forgotten."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from kubesim.api.kinds import Kind, Object
from kubesim.api.selectors import Selector
from kubesim.api.statuses import ApiError
from kubesim.storage.store import Change, Entry, Store, encode

BOOKMARK_SECONDS = 30.0
INITIAL_END = "k8s.io/initial-events-end"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a watch or list is about."""

    kind: Kind
    namespace: str
    labels: Selector
    fields: Selector

    def holds(self, entry: Entry | None) -> bool:
        if entry is None or (self.namespace and entry.namespace != self.namespace):
            return False
        return self.labels.matches(entry.labels) and self.fields.matches(entry.fields)


@dataclass(frozen=True, slots=True)
class Wish:
    """How to watch: `version` None means from now with the current state first; seconds for `timeout`."""

    version: int | None
    bookmarks: bool
    initial_end: bool
    timeout: float


class Hub:
    """Hands each change to the watches that are open."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._watches: set[_Watch] = set()
        store.listen(self._changed)

    def _changed(self, change: Change) -> None:
        for watch in self._watches:
            watch.offer(change)

    def end(self) -> None:
        """Close all watches: the server is going down."""
        for watch in list(self._watches):
            watch.end()

    async def watch(self, scope: Scope, wish: Wish, render: Callable[[str, Entry], bytes]) -> AsyncIterator[bytes]:
        """Encoded events, several in one chunk when they come together. `render(type, entry)` encodes one line."""
        watch = _Watch(scope, wish.version or 0)
        self._watches.add(watch)
        try:
            for chunk in self._start(watch, scope, wish, render):
                yield chunk
            if watch.ended:
                return
            async for chunk in self._follow(watch, wish, render):
                yield chunk
        finally:
            self._watches.discard(watch)

    def _start(self, watch: _Watch, scope: Scope, wish: Wish, render: Callable[[str, Entry], bytes]) -> list[bytes]:
        """What comes before the first new change. Synchronous with the registration: nothing can fall in between."""
        table = self.store.tables[scope.kind.table]
        if wish.version is None:
            lines = [render("ADDED", entry) for entry in self.store.scan(scope.kind, scope.namespace) if scope.holds(entry)]
            if wish.initial_end:
                lines.append(bookmark(scope.kind, self.store.version, initial=True))
            return [b"".join(lines)] if lines else []
        if wish.version < table.floor:
            watch.end()
            message = f"too old resource version: {wish.version} ({table.floor})"
            return [line("ERROR", encode(ApiError(410, "Expired", message).status()))]
        for change in table.history:
            watch.offer(change)
        return []

    async def _follow(self, watch: _Watch, wish: Wish, render: Callable[[str, Entry], bytes]) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        ends = loop.time() + wish.timeout
        while True:
            pause = min(ends - loop.time(), BOOKMARK_SECONDS) if wish.bookmarks else ends - loop.time()
            events = await watch.take(max(pause, 0))
            if events:
                yield b"".join(render(type_, entry) for type_, entry in events)
            if watch.ended:
                return
            if loop.time() >= ends:
                # What came while the last chunk was sent: a bookmark tells its reader that nothing is missing up to it.
                last = [render(type_, entry) for type_, entry in watch.taken()]
                if wish.bookmarks:
                    last.append(bookmark(watch.scope.kind, self.store.version))
                if last:
                    yield b"".join(last)
                return
            if not events and wish.bookmarks:
                yield bookmark(watch.scope.kind, self.store.version)


class _Watch:
    """One open watch: the changes that its reader has not taken yet."""

    def __init__(self, scope: Scope, after: int) -> None:
        self.scope = scope
        self._after = after
        self.ended = False
        self._pending: deque[tuple[str, Entry]] = deque()
        self._wake = asyncio.Event()

    def offer(self, change: Change) -> None:
        """Translate: an object that stops matching is deleted for this watch, one that starts matching is added."""
        # A version from the future is waited for, as a real server does: what happens until then is not shown.
        if change.table != self.scope.kind.table or change.entry.version <= self._after:
            return
        was = self.scope.holds(change.before)
        holds = self.scope.holds(change.entry)
        if change.type == "DELETED":
            type_ = "DELETED" if was else ""
        elif holds:
            type_ = "MODIFIED" if was else "ADDED"
        else:
            type_ = "DELETED" if was else ""
        if type_ == "DELETED" and change.type != "DELETED" and change.before is not None:
            # It lives on, out of this watch's sight: show what the watch could see last, with the version of the change.
            self._pending.append((type_, _at_version(change.before, change.entry.version)))
            self._wake.set()
        elif type_:
            self._pending.append((type_, change.entry))
            self._wake.set()

    def end(self) -> None:
        self.ended = True
        self._wake.set()

    async def take(self, seconds: float) -> list[tuple[str, Entry]]:
        """Everything that is there, waiting at most `seconds` for the first."""
        if not self._pending and not self.ended:
            # Something may come between the end of the time and our turn: it is taken all the same.
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._wake.wait()
        return self.taken()

    def taken(self) -> list[tuple[str, Entry]]:
        """Everything that is there now."""
        self._wake.clear()
        taken = list(self._pending)
        self._pending.clear()
        return taken


def _at_version(entry: Entry, version: int) -> Entry:
    obj = entry.object()
    obj["metadata"]["resourceVersion"] = str(version)
    return replace(entry, version=version, raw=encode(obj))


def line(type_: str, body: bytes) -> bytes:
    return b'{"type":"%s","object":%s}\n' % (type_.encode(), body)


def bookmark(kind: Kind, version: int, *, initial: bool = False) -> bytes:
    """Progress without a change: the object carries nothing but a resourceVersion."""
    meta: Object = {"resourceVersion": str(version)}
    if initial:
        meta["annotations"] = {INITIAL_END: "true"}
    return line("BOOKMARK", encode({"kind": kind.kind, "apiVersion": kind.api_version, "metadata": meta}))
