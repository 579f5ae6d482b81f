"""A terminal to run programs in: what they write is kept with the time it came, and parsed only afterwards.

Parsing in Python is slower than the programs that are measured; done while they run it would be part of the figures.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import psutil
import pyte

from tests.support import emulator

KEYS = {"down": b"\x1b[B", "up": b"\x1b[A", "enter": b"\r", "esc": b"\x1b", "tab": b"\t"}
ANSWERS = {b"\x1b[c": b"\x1b[?62;c", b"\x1b[3b\x1b[6n": b"\x1b[2;5R", b"\x1b[6n": b"\x1b[1;1R"}
"""What a terminal must say when it is asked: some programs wait for it. The second is whether it repeats a character."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """`at`: seconds since the program was started."""

    at: float
    data: bytes


@dataclass(slots=True)
class Session:
    """One running program in a pseudo-terminal of `columns` × `rows`."""

    pid: int
    descriptor: int
    columns: int
    rows: int
    started: float
    chunks: list[Chunk] = field(default_factory=list)
    ended: bool = False

    def now(self) -> float:
        return time.perf_counter() - self.started

    @property
    def written(self) -> int:
        """Bytes written to the terminal so far."""
        return sum(len(chunk.data) for chunk in self.chunks)

    def pump(self, seconds: float) -> bool:
        """Waits at most so long for one read. False: nothing came, or the program is gone."""
        readable, _, _ = select.select([self.descriptor], [], [], seconds)
        if not readable:
            return False
        try:
            data = os.read(self.descriptor, 1 << 16)
        except OSError:
            data = b""
        if not data:
            self.ended = True
            return False
        self.chunks.append(Chunk(self.now(), data))
        for question, answer in ANSWERS.items():
            if question in data:
                os.write(self.descriptor, answer)
        return True

    def run(self, seconds: float) -> None:
        """Lets the program go on for so long."""
        end = self.now() + seconds
        while not self.ended and (left := end - self.now()) > 0:
            self.pump(left)

    def quiet(self, pause: float, limit: float) -> None:
        """Waits for `pause` seconds without output, at most `limit` seconds."""
        end = self.now() + limit
        while not self.ended and self.now() < end and self.pump(pause):
            pass

    def press(self, key: str) -> float:
        """Types a key and answers when that was."""
        at = self.now()
        os.write(self.descriptor, KEYS.get(key, key.encode()))
        return at

    def processes(self) -> list[psutil.Process]:
        try:
            own = psutil.Process(self.pid)
            return [own, *own.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def processor_seconds(self) -> float:
        total = 0.0
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                total += times.user + times.system
        return total

    def memory(self) -> float:
        """Resident memory in MB, children included."""
        total = 0
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                total += process.memory_info().rss
        return total / 2**20


@contextlib.contextmanager
def session(command: Sequence[str], environ: Mapping[str, str], columns: int = 120, rows: int = 40) -> Iterator[Session]:
    """Starts a program and ends it: a hang-up first, as a closed window sends it, then by force."""
    started = time.perf_counter()
    pid, descriptor = pty.fork()
    if pid == 0:
        try:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execvpe(command[0], list(command), {**environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"})
        finally:
            os._exit(127)
    running = Session(pid, descriptor, columns, rows, started)
    try:
        yield running
    finally:
        _end(running)


def _end(running: Session) -> None:
    for number, patience in ((signal.SIGHUP, 3.0), (signal.SIGKILL, 3.0)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(running.pid, number)
        end = running.now() + patience
        while running.now() < end:
            if os.waitpid(running.pid, os.WNOHANG)[0]:
                os.close(running.descriptor)
                return
            if not running.ended:
                running.pump(0.02)
            else:
                time.sleep(0.02)
    os.close(running.descriptor)


Look = Callable[[pyte.Screen], Hashable]


class Replay:
    """What stood on the screen after each chunk."""

    def __init__(self, running: Session) -> None:
        self._chunks = running.chunks
        self._size = (running.columns, running.rows)

    def frames(self) -> Iterator[tuple[float, pyte.Screen]]:
        """The one screen, after each chunk, with that chunk's time."""
        screen = emulator.Screen(*self._size)
        stream = emulator.ByteStream(screen)
        for chunk in self._chunks:
            stream.feed(_plain(chunk.data))
            yield chunk.at, screen

    def first(self, *patterns: str) -> dict[str, float | None]:
        """When each pattern first stood on the screen; None where it never did."""
        found: dict[str, float | None] = dict.fromkeys(patterns)
        for at, screen in self.frames():
            text = "\n".join(screen.display)
            for pattern in [each for each, when in found.items() if when is None]:
                if re.search(pattern, text):
                    found[pattern] = at
            if None not in found.values():
                break
        return found

    def last_text(self) -> str:
        text = ""
        for _, screen in self.frames():
            text = "\n".join(screen.display)
        return text

    def reactions(self, pressed: Sequence[float], look: Look) -> list[float | None]:
        """For each key, the seconds until what `look` sees was another thing than when the key was pressed; None: never."""
        answers: list[float | None] = [None] * len(pressed)
        key = 0
        before: Hashable = None
        for at, screen in self.frames():
            seen: Hashable = look(screen)
            while key < len(pressed) and at >= pressed[key]:
                following = pressed[key + 1] if key + 1 < len(pressed) else float("inf")
                if at < following:
                    if seen != before:
                        answers[key] = at - pressed[key]
                        key += 1
                    break
                key += 1
            before = seen
        return answers


def _plain(data: bytes) -> bytes:
    """Without the private sequences that pyte prints as text instead of ignoring them."""
    return re.sub(rb"\x1b\[[><=][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$[a-z]", b"", data)
