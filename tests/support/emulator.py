"""pyte's terminal, and that it repeats the last character when it is told to (REP), as real ones do."""

from __future__ import annotations

import pyte


class Screen(pyte.Screen):
    _last = ""

    def draw(self, data: str) -> None:
        super().draw(data)
        self._last = data[-1:]

    def repeat(self, count: int = 1) -> None:
        self.draw(self._last * max(1, count))


class Stream(pyte.Stream):
    csi = pyte.Stream.csi | {"b": "repeat"}
    events = pyte.Stream.events | {"repeat"}


class ByteStream(pyte.ByteStream):
    csi = Stream.csi
    events = Stream.events
