"""How many bytes may be on their way to the terminal, so that what it shows is never old.

Over SSH a write says nothing: sshd takes some 100 KB more than the link has carried, and all of it is painted before the newest picture. So
pictures are followed by a question that every terminal answers (DA1), one at a time, and the answers tell how far it has come. The window
of bytes in flight follows the delay that our own bytes cause, as LEDBAT (RFC 6817) does it: it grows while they cause none, and shrinks
where they queue up. Where a terminal does not answer, the writer's own progress is all that there is to go by.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol, runtime_checkable

QUESTION = "\x1b[c"
"""Asks the terminal what it is (primary device attributes), which it answers when it has come so far: `ESC [ ? … c`."""
FIRST, LEAST, MOST = 4096, 1024, 1 << 16
"""Bytes of the window: at the beginning, where bytes queue up, and where nothing is felt of them."""
UNKNOWN = 1 << 13
"""Bytes that may be in flight as long as it is not known whether the terminal answers: a screen. What comes meanwhile waits."""
TARGET = 0.15
"""Seconds that our bytes may wait for each other."""
PIECE = 1024
"""Bytes of a large picture that are written at once, at least: what is in flight cannot be recalled."""
FIRST_PATIENCE, PATIENCE = 1.5, 10.0
"""Seconds after which an answer is not waited for any more: the first one, and one of a terminal that has answered before. It may come late
over a link that was cut; only what swallows answers makes this felt."""
_SPAN, _SPANS = 60.0, 10
"""Seconds of which the fastest answer is kept, and how many such spans tell what the link itself takes: a laptop may have moved since."""


class Pacing:
    """Times are those of a monotonic clock, in seconds."""

    def __init__(self, asked: int = 0) -> None:
        """`asked`: how often the terminal has been asked before us, whose answers come first."""
        self._earlier = asked
        self.answers: bool | None = None
        """Whether this terminal answers; None until that is known."""
        self.window = float(FIRST)
        self._written = self._arrived = 0
        """Bytes in all: written, and known to have come to the terminal."""
        self._asked: tuple[float, int] | None = None
        """When the question was written that has no answer yet, and the bytes until its end."""
        self._fastest: deque[tuple[float, float]] = deque(maxlen=_SPANS)
        """When each span began, and its fastest answer."""
        self._last = 0.0
        """Seconds that the last answer took."""

    @property
    def asks(self) -> bool:
        """Whether what is written next is to end with the question."""
        return self._asked is None and self.answers is not False

    @property
    def piece(self) -> int:
        """How much of a large picture is best written at once."""
        if self.answers is False:
            return MOST
        return max(PIECE, int(self.window) // 4) if self.answers else PIECE

    def room(self, now: float, *, writing: bool) -> int:
        """The bytes that may be written now; 0 for none. `writing` tells whether the writer still has some that the system did not take."""
        self._lose(now)
        if writing:
            return 0
        if self.answers is False:
            return MOST
        window = int(self.window) if self.answers else UNKNOWN
        in_flight = self._written - self._arrived
        left = window - in_flight
        return left if left >= min(PIECE, window // 4) or not in_flight else 0

    def due(self, now: float) -> float:
        """Seconds until there may be room although nothing was answered; 0 where nothing is waited for."""
        return max(self._asked[0] + self._patience - now, 0.0) if self._asked else 0.0

    def wrote(self, size: int, now: float) -> None:
        """`size` bytes went off; with the question at their end if `asks`."""
        self._written += size
        if self.asks:
            self._asked = (now, self._written)

    def answered(self, now: float) -> None:
        self.answers = True
        if self._earlier:
            self._earlier -= 1  # it tells nothing of what we wrote
            return
        if self._asked is None:
            return  # what somebody else has asked, or what was given up
        at, until = self._asked
        self._asked = None
        size, full = until - self._arrived, self._written - self._arrived > self.window / 2
        self._arrived = until
        waited = self._waited(now, now - at)
        if waited > TARGET:
            self.window = max(LEAST, self.window - size * min(waited / TARGET - 1, 1) / 2)
        elif full:
            self.window = min(MOST, self.window + size * (1 if waited < TARGET / 3 else 1 - waited / TARGET))

    def _waited(self, now: float, took: float) -> float:
        """Seconds that our own bytes are to blame for."""
        self._last = took
        if not self._fastest or now - self._fastest[-1][0] > _SPAN:
            self._fastest.append((now, took))
        elif took < self._fastest[-1][1]:
            self._fastest[-1] = (self._fastest[-1][0], took)
        return took - min(fastest for _, fastest in self._fastest)

    @property
    def _patience(self) -> float:
        return max(PATIENCE, 4 * self._last) if self.answers else FIRST_PATIENCE

    def _lose(self, now: float) -> None:
        """An answer that does not come is not waited for; a terminal that has never answered is not asked again."""
        if self._asked and now - self._asked[0] > self._patience:
            self._asked, self._earlier = None, 0
            self._arrived = self._written
            if self.answers:
                self.window = LEAST
            else:
                self.answers = False


@runtime_checkable
class Paced(Protocol):
    """A driver that knows how much its terminal takes."""

    @property
    def piece(self) -> int:
        """Bytes of a large picture that are best written at once."""

    def room(self) -> int:
        """Bytes that may be written now; 0 while none are."""

    def due(self) -> float:
        """Seconds until it is worth to ask again though nothing was heard; 0 where that is not known."""

    def send(self, text: str) -> None:
        """Write a picture."""
