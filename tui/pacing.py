"""How many bytes may be on their way to the terminal, so that what it shows is never old.

Over SSH a write says nothing: sshd takes some 100 KB more than the link has carried, and all of it is painted before the newest picture. So
each write ends with a question that every terminal answers (DSR, `ESC [ 5 n`), and the answers tell how far it has come. The window of
bytes in flight follows the delay that our own bytes cause, as LEDBAT (RFC 6817) does it: it grows while they cause none, and shrinks where
they queue up. Where a terminal does not answer, the writer's own progress is all that there is to go by.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol, runtime_checkable

QUESTION = "\x1b[5n"
"""Asks the terminal whether it is well, which it answers when it has come so far."""
ANSWERS = (b"\x1b[0n", b"\x1b[3n")
FIRST, LEAST, MOST = 4096, 1024, 1 << 16
"""Bytes of the window: at the beginning, where bytes queue up, and where nothing is felt of them."""
TARGET = 0.15
"""Seconds that our bytes may wait for each other."""
PIECE = 1024
"""Bytes of a large picture that are written at once, at least: what is in flight cannot be recalled."""
PATIENCE = 3.0
"""Seconds after which an answer is not waited for any more; more where the link is known to take longer."""
_SPAN, _SPANS = 60.0, 10
"""Seconds of which the fastest answer is kept, and how many such spans tell what the link itself takes: a laptop may have moved since."""


class Pacing:
    """Times are those of a monotonic clock, in seconds."""

    def __init__(self) -> None:
        self.answers: bool | None = None
        """Whether this terminal answers; None until that is known."""
        self.window = float(FIRST)
        self._flights: deque[tuple[float, int]] = deque()
        """When each write that was not answered yet was made, and its bytes."""
        self._in_flight = 0
        self._fastest: deque[tuple[float, float]] = deque(maxlen=_SPANS)
        """When each span began, and its fastest answer."""
        self._last = 0.0
        """Seconds that the last answer took."""

    def room(self, now: float, *, writing: bool) -> int:
        """The bytes that may be written now; 0 for none. `writing` tells whether the writer still has some that the system did not take."""
        self._lose(now)
        if writing:
            return 0
        if self.answers is False:
            return MOST
        left = int(self.window) - self._in_flight
        return left if not self._flights or left >= min(PIECE, self.window / 4) else 0

    def due(self, now: float) -> float:
        """Seconds until there may be room although nothing was answered; 0 where nothing is waited for."""
        return max(self._flights[0][0] + self._patience - now, 0.0) if self._flights else 0.0

    @property
    def piece(self) -> int:
        """How much of a large picture is written at once."""
        return max(PIECE, int(self.window) // 4) if self.answers is not False else MOST

    @property
    def waits(self) -> bool:
        """Whether an answer is on its way, as far as is known."""
        return bool(self._flights)

    def wrote(self, size: int, now: float) -> None:
        """`size` bytes went off, with a question at their end."""
        if self.answers is not False:
            self._flights.append((now, size))
            self._in_flight += size

    def answered(self, now: float) -> None:
        self.answers = True
        if not self._flights:
            return  # one that was given up
        at, size = self._flights.popleft()
        full = self._in_flight > self.window / 2
        self._in_flight -= size
        waited = self._waited(now, now - at)
        if waited > TARGET:
            self.window = max(LEAST, self.window - size * min(waited / TARGET - 1, 1))
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
        return max(PATIENCE, 4 * self._last)

    def _lose(self, now: float) -> None:
        """Answers that did not come are not waited for; a terminal that has never answered is not asked again."""
        if self._flights and now - self._flights[0][0] > self._patience:
            self._flights.clear()
            self._in_flight = 0
            if self.answers is None:
                self.answers = False
            else:
                self.window = LEAST


@runtime_checkable
class Paced(Protocol):
    """A driver that knows how much its terminal takes."""

    piece: int
    """Bytes that are best written at once."""

    def room(self) -> int:
        """Bytes that may be written now; 0 while none are."""

    def due(self) -> float:
        """Seconds until it is worth to ask again though nothing was heard; 0 where that is not known."""

    def send(self, text: str) -> None:
        """Write a picture."""
