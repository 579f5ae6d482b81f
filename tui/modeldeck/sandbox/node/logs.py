"""Container logs as a container runtime keeps them: `TIME stdout F TEXT` lines, size-capped, readable while they grow."""

from __future__ import annotations

import asyncio
import datetime
import os
from collections import deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_CAP = 10 * 1024 * 1024  # bytes before the file is rotated; one older file is kept, as with the kubelet's defaults
_LONGEST = 16 * 1024  # bytes of one entry; longer lines are cut into several


def timestamp(moment: datetime.datetime | None = None) -> str:
    """RFC 3339 with microseconds, UTC."""
    return (moment or datetime.datetime.now(datetime.UTC)).isoformat(timespec="microseconds").replace("+00:00", "Z")


class ContainerLog(asyncio.Protocol):
    """The log of one container's one life: reads the process's output from a pipe, writes the file, wakes those who follow."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rotated = path.with_name(path.name + ".1")
        self.rotations = 0
        self.ended = False
        self._rest = b""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = path.open("ab", buffering=0)
        self._size = self._file.tell()
        self._grown = asyncio.Event()
        self._closed = asyncio.get_running_loop().create_future()

    async def open_pipe(self) -> int:
        """A new pipe that feeds this log; the writing end, to be given to the process and closed here."""
        reader, writer = os.pipe()
        await asyncio.get_running_loop().connect_read_pipe(lambda: self, os.fdopen(reader, "rb", 0))
        return writer

    def data_received(self, data: bytes) -> None:
        """Output of the process."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LONGEST:
            lines.append(self._rest)
            self._rest = b""
        self._write(lines)

    def connection_lost(self, error: Exception | None) -> None:
        """The process, and whoever else had its output, is gone."""
        if self._rest:
            self._write([self._rest])
        self._file.close()
        self.ended = True
        self._wake()
        if not self._closed.done():
            self._closed.set_result(None)

    async def until_ended(self) -> None:
        """Return when all output was written."""
        await asyncio.shield(self._closed)

    def _write(self, lines: list[bytes]) -> None:
        if not lines:
            return
        prefix = timestamp().encode() + b" stdout F "
        data = b"".join(prefix + line + b"\n" for line in lines)
        if self._size + len(data) > _CAP:
            self._file.close()
            self.path.replace(self.rotated)
            self._file, self._size = self.path.open("ab", buffering=0), 0
            self.rotations += 1
        self._file.write(data)
        self._size += len(data)
        self._wake()

    def _wake(self) -> None:
        self._grown.set()
        self._grown = asyncio.Event()

    def lines(self) -> Iterator[bytes]:
        """All entries kept so far, oldest first, each with its time and without the newline."""
        for path in (self.rotated, self.path):
            if path.exists():
                with path.open("rb") as file:
                    yield from (line.rstrip(b"\n") for line in file)

    def follow(self) -> AsyncIterator[bytes]:
        """Entries written after this call, until the container ends."""
        file = self.path.open("rb")
        file.seek(0, os.SEEK_END)
        return self._follow(file, self.rotations)

    async def _follow(self, file: BinaryIO, rotations: int) -> AsyncIterator[bytes]:
        try:
            while True:
                grown = self._grown
                for line in file:
                    yield line.rstrip(b"\n")
                if rotations != self.rotations:
                    file.close()
                    file, rotations = self.path.open("rb"), self.rotations
                elif self.ended:
                    return
                else:
                    await grown.wait()
        finally:
            file.close()

    def tail(self, count: int, size: int) -> str:
        """The last `count` lines without their times, at most `size` characters: FallbackToLogsOnError's message."""
        return "\n".join(text.decode("utf-8", "replace") for text in deque(map(_text, self.lines()), count))[-size:]


@dataclass(frozen=True)
class PodLogOptions:
    """What `kubectl logs` asks for: `since` an RFC 3339 time, sizes in lines and bytes."""

    follow: bool = False
    timestamps: bool = False
    tail: int | None = None
    since: str | None = None
    limit: int | None = None


async def read(log: ContainerLog, wanted: PodLogOptions) -> AsyncIterator[bytes]:
    """The selected output, in chunks of bytes."""
    left = wanted.limit
    async for entry in _entries(log, wanted):
        if wanted.since and entry.split(b" ", 1)[0].decode() < wanted.since:
            continue
        chunk = (entry.split(b" ", 1)[0] + b" " + _text(entry) if wanted.timestamps else _text(entry)) + b"\n"
        if left is not None:
            chunk = chunk[:left]
            left -= len(chunk)
        yield chunk
        if left == 0:
            return


async def _entries(log: ContainerLog, wanted: PodLogOptions) -> AsyncIterator[bytes]:
    # Read and opened without a turn of the loop between: no entry is missed, none comes twice.
    kept = list(log.lines() if wanted.tail is None else deque(log.lines(), wanted.tail))
    following = log.follow() if wanted.follow and not log.ended else None
    for entry in kept:
        yield entry
    if following is not None:
        async for entry in following:
            yield entry


def _text(entry: bytes) -> bytes:
    return entry.split(b" ", 3)[3] if entry.count(b" ") >= 3 else entry
