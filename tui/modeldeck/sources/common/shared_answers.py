"""What one console of this user has just been answered, for the others: one reading for all consoles of a host.

Who asks the same again and again takes the answer that another console got to that very question, where it was asked for after everything
that they know themselves: nobody is led back to something older. None of them has a part that another would have to take over: where no
such answer lies there, one asks. A console that was stopped, or killed while it wrote, holds up nobody.

The key of an answer is made of the backend, of whoever asks, and of the question, as a digest under a key of this folder: no secret and no
address can be read from a name. Answers are of use for a minute or two, and are removed then.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import socket
import stat
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from modeldeck.domain.failures import Failure
from modeldeck.sources.common import bounds
from modeldeck.sources.common.blocking_executor import run_in_thread

KEPT = 120.0
"""Seconds for which an answer lies there: longer than the longest pause of those who ask."""
MOST = 256
"""Answers in the folder. While there are so many, no further ones are kept."""
_KEY, _LANE = "key", "answers"


class Times(NamedTuple):
    """When an answer was asked for, and when it had come: what it tells of is between the two."""

    asked: float
    come: float


class Shelf:
    """A folder of answers, private to the user. What cannot be read or kept there is asked for: no failure comes from here. Blocks."""

    def __init__(self, folder: Path, now: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._now = now

    def key(self) -> bytes:
        """b"" where nothing can be kept here."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            found = os.lstat(self._folder)
            if not stat.S_ISDIR(found.st_mode) or not _private(found):
                return b""
            place = self._folder / _KEY
            with contextlib.suppress(FileExistsError):
                self._place(secrets.token_bytes(32), lambda made: os.link(made, place))
            key = _content(place)
        except OSError:
            return b""
        return key if len(key) == 32 else b""

    def lying_there(self) -> Mapping[str, Times]:
        """What came from the future (a clock that was set back) is left out."""
        now, found = self._now(), dict[str, Times]()
        with contextlib.suppress(OSError), os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.name != _KEY and entry.is_file(follow_symlinks=False):
                    status = entry.stat(follow_symlinks=False)
                    if status.st_mtime <= now:
                        found[entry.name] = Times(status.st_mtime, status.st_ctime)
        return found

    def take(self, name: str) -> bytes | None:
        try:
            return _content(self._folder / name)
        except OSError:
            return None

    def keep(self, name: str, answer: bytes, asked_at: float) -> None:
        """And removes what is of no use any more."""
        lying = self.lying_there()
        for other, times in lying.items():
            if self._now() - times.asked > KEPT:
                with contextlib.suppress(OSError):
                    os.unlink(self._folder / other)
        if len(lying) < MOST or name in lying:
            with contextlib.suppress(OSError):
                self._place(answer, lambda made: os.replace(made, self._folder / name), asked_at)

    def _place(self, content: bytes, place: Callable[[str], None], asked_at: float | None = None) -> None:
        """In one step: nobody ever reads half of it."""
        handle, made = tempfile.mkstemp(dir=self._folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            if asked_at is not None:
                os.utime(made, (asked_at, asked_at))
            place(made)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(made)


def _private(found: os.stat_result) -> bool:
    return found.st_uid == os.geteuid() and not found.st_mode & 0o077


def _content(place: Path) -> bytes:
    """Raises OSError for anything but a file that only this user can have written."""
    with os.fdopen(os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode) or not _private(found) or found.st_size > bounds.BODY:
            raise PermissionError
        return file.read(bounds.BODY)


@dataclass(slots=True)
class Shared:
    """Whose answers may be taken for whose: `who` is the backend's address and the login, `identity` asks the backend what tells it from
    another one at that address ("" where nothing does: then nothing is shared)."""

    shelf: Shelf
    who: tuple[str, ...]
    identity: Callable[[], Awaitable[str]]
    _key: bytes | None = field(default=None, init=False)
    _told: str = field(default="", init=False)

    async def ready(self) -> bool:
        if self._key is None:
            try:
                self._told = await self.identity()
            except Failure:
                return False  # what is wrong is told by the question itself
            self._key = await run_in_thread(_LANE, self.shelf.key) if self._told else b""
        return bool(self._key)

    def name(self, question: str) -> str:
        digest = hashlib.blake2b(key=self._key or b"", digest_size=20)
        for part in (socket.gethostname(), self._told, *self.who, question):
            digest.update(f"{len(part)}:{part}".encode("utf-8", "surrogatepass"))
        return digest.hexdigest()


class Rounds:
    """One who asks the same again and again, in rounds. One question at a time."""

    def __init__(self, shared: Shared | None, now: Callable[[], float] = time.time) -> None:
        self._shared = shared
        self._now = now
        self._sharing = False
        self._known_at: float | None = None
        """When the newest answer had come: what was asked for later is newer than everything that is known."""
        self._lying: Mapping[str, Times] = {}
        self._begun = self._oldest = now()

    async def begin(self, *, alone: bool = False) -> None:
        """`alone`: nothing is taken from others in this round, as in the first one."""
        self._lying, since = {}, self._known_at
        # Not before the backend has answered once: one that is away is not asked twice as much.
        self._sharing = self._shared is not None and since is not None and await self._shared.ready()
        if self._shared is not None and self._sharing and since is not None and not alone:
            lying = await run_in_thread(_LANE, self._shared.shelf.lying_there)
            self._lying = {name: times for name, times in lying.items() if times.asked > since}
        self._begun = self._oldest = self._now()

    def end(self) -> float:
        """Answers by how many seconds the oldest answer of the round was asked for before it began."""
        return max(0.0, self._begun - self._oldest)

    def offered(self, question: str) -> bool:
        """Whether another one has asked this since the last round."""
        return self._shared is not None and bool(self._lying) and self._shared.name(question) in self._lying

    async def ask(self, question: str, ask: Callable[[], Awaitable[bytes]]) -> bytes:
        """The answer of another one, else of the backend, for the others."""
        if self._shared is None or not self._sharing:
            answer = await ask()
            self._know(self._now())
            return answer
        name = self._shared.name(question)
        if name in self._lying:
            found = await run_in_thread(_LANE, partial(self._shared.shelf.take, name))
            if found is not None:
                self._oldest = min(self._oldest, self._lying[name].asked)
                self._know(self._lying[name].come)
                return found
        asked_at = self._now()
        answer = await ask()
        self._know(self._now())
        await run_in_thread(_LANE, partial(self._shared.shelf.keep, name, answer, asked_at))
        return answer

    def _know(self, at: float) -> None:
        self._known_at = max(at, self._known_at or 0.0)
