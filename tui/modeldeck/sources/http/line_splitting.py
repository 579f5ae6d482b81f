"""Lines out of chunks of bytes, each of a bounded length."""

from __future__ import annotations

from collections.abc import Iterator

from modeldeck.sources.common import bounds

CUT = " … (the rest of this line is left out)".encode()


class Lines:
    """Splits at newlines only: JSON strings and logs may hold U+2028. A line of more than `longest` bytes raises TooLarge; with `cut` its
    first bytes are a line, as soon as they are there, and the rest of it is left out."""

    def __init__(self, longest: int, *, cut: bool, backend: str) -> None:
        self._longest = longest
        self._cut = cut
        self._backend = backend
        self._begun = bytearray()  # grows by as much as comes; a list of pieces of a byte each would be fifty times as large
        self._skipping = False

    def of(self, chunk: bytes) -> Iterator[bytes]:
        """The lines that end in this chunk, without their ends."""
        *whole, rest = chunk.split(b"\n")
        for part in whole:
            yield from self._add(part)
            if not self._skipping:
                yield self._take().removesuffix(b"\r")
            self._skipping = False
        if rest:
            yield from self._add(rest)

    def rest(self) -> Iterator[bytes]:
        """The last line, where no newline ends it."""
        if self._begun:
            yield self._take()

    def _add(self, part: bytes) -> Iterator[bytes]:
        if self._skipping:
            return
        self._begun += part
        if len(self._begun) <= self._longest:
            return
        if not self._cut:
            raise bounds.too_large(self._longest, backend=self._backend, what="a line of its answer")
        self._skipping = True
        yield self._take()[: self._longest] + CUT

    def _take(self) -> bytes:
        line = bytes(self._begun)
        self._begun.clear()
        return line
