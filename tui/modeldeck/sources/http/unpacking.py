"""Bodies of answers, unpacked piece by piece and never beyond a bound: a compressed one may be a thousand times as large as what comes."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator

from modeldeck.domain.failures import Malformed
from modeldeck.sources.common import bounds

ACCEPTED = "gzip"
"""What is asked for, as `Accept-Encoding`. Only what is unpacked here may be asked for."""
_PIECE = 256 * bounds.KIB
_GZIP_OR_ZLIB = 47


class Unpacking:
    """One body on its way in. `encoding` is its Content-Encoding, `most` the bytes that it may have once it is unpacked."""

    def __init__(self, encoding: str, *, backend: str, most: int = sys.maxsize) -> None:
        self._most = most
        self._backend = backend
        self._count = 0
        packed = encoding.strip().lower() not in ("", "identity")
        if packed and encoding.strip().lower() not in ("gzip", "x-gzip", "deflate"):
            raise self._garbled()
        self._inflater = zlib.decompressobj(_GZIP_OR_ZLIB) if packed else None

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """What a chunk holds. Raises TooLarge at the first byte beyond the bound, Malformed where it cannot be unpacked."""
        if self._inflater is None:
            yield self._counted(chunk)
            return
        while chunk and not self._inflater.eof:
            try:
                piece = self._inflater.decompress(chunk, _PIECE)
            except zlib.error:
                raise self._garbled() from None
            chunk = self._inflater.unconsumed_tail
            if piece:
                yield self._counted(piece)

    def _counted(self, piece: bytes) -> bytes:
        self._count += len(piece)
        if self._count > self._most:
            raise bounds.too_large(self._most, backend=self._backend)
        return piece

    def _garbled(self) -> Malformed:
        return Malformed("a compressed answer that cannot be unpacked", backend=self._backend)


def announced(length: str) -> int:
    """A Content-Length header as bytes; 0 where it does not tell."""
    if not (length.isascii() and length.isdigit()):
        return 0
    return int(length) if len(length) < 19 else sys.maxsize
