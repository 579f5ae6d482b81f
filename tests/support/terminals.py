"""A pseudo-terminal with a program in it, as a terminal emulator has one: an emulated screen, and answers to what is asked."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyte
import pytest

from tests.support import emulator

ANSWERS = {b"\x1b[c": b"\x1b[?62;c", b"\x1b[3b\x1b[6n": b"\x1b[2;5R", b"\x1b[6n": b"\x1b[1;1R"}
"""What a terminal says when it is asked."""
PRIVATE = re.compile(rb"\x1b\[[><=][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$[a-z]")
"""Sequences that the emulator would print as text."""


@dataclass
class Terminal:
    """The program is the leader of a session of its own as under a terminal emulator."""

    process: subprocess.Popen[bytes]
    master: int
    slave: int
    before: list[object]
    log: Path
    screen: pyte.Screen
    written: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        self._stream = emulator.ByteStream(self.screen)

    @property
    def text(self) -> str:
        return "\n".join(self.screen.display)

    def pump(self, *, answer: bool = True) -> None:
        """Read what came, and answer what was asked in it."""
        if not select.select([self.master], [], [], 0.05)[0]:
            return
        data = os.read(self.master, 1 << 16)
        self.written += data
        self._stream.feed(PRIVATE.sub(b"", data))
        for question, message in ANSWERS.items() if answer else ():
            if question in data:
                os.write(self.master, message)

    def until(self, what: str, condition: Callable[[], object], seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"not in time: {what}\n{self.text}\n{self.log.read_text()}")
            self.pump()

    def painted(self) -> None:
        """All three backends have been asked, and refused."""
        self.until("painted", lambda: re.search("refused\\b.*check that it runs", self.text, re.DOTALL) and self.told_down() == 3)

    def told_down(self) -> int:
        """How many backends the first line tells to be down, in either character set."""
        return self.screen.display[0].replace(" x", " ○").replace("xxx", "○○○").count("○")

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def ended(self) -> int:
        """Its exit code, once it has ended; what it still writes is read meanwhile."""
        self.until("ended", lambda: self.process.poll() is not None)
        while select.select([self.master], [], [], 0)[0]:
            self.pump()
        assert self.process.returncode is not None
        return self.process.returncode

    def gone(self) -> int:
        """The same where nobody reads any more."""
        return self.process.wait(60)

    def given_back(self) -> None:
        """As it was found: its attributes, the screen behind, the cursor, no mouse or paste reports."""
        assert termios.tcgetattr(self.slave) == self.before
        for on, off in (("?1049h", "?1049l"), ("?25l", "?25h"), ("?1000h", "?1000l"), ("?1003h", "?1003l"), ("?2004h", "?2004l")):
            entered, left = self.written.rfind(b"\x1b[" + on.encode()), self.written.rfind(b"\x1b[" + off.encode())
            assert left >= entered, f"{on} was not undone"
        assert b"\x1b[?1049l" in self.written


@contextlib.contextmanager
def opened(command: Sequence[str], environ: Mapping[str, str], folder: Path, columns: int = 120, rows: int = 40) -> Iterator[Terminal]:
    """Start a program in a terminal of its own; what it writes to its standard error goes to a file in `folder`."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    before = termios.tcgetattr(slave)
    log = folder / "stderr.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            list(command),
            stdin=slave,
            stdout=slave,
            stderr=errors,
            env=dict(environ),
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
    terminal = Terminal(process, master, slave, before, log, emulator.Screen(columns, rows))
    try:
        yield terminal
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for descriptor in (master, slave):
            with contextlib.suppress(OSError):
                os.close(descriptor)


def nowhere(folder: Path) -> dict[str, str]:
    """The environment of a console whose backends all refuse."""
    refused = "http://127.0.0.1:9"
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "here",
                "clusters": [{"name": "here", "cluster": {"server": refused}}],
                "users": [{"name": "me", "user": {}}],
                "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me", "namespace": "serving"}}],
            }
        )
    )
    usual = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH", "VIRTUAL_ENV") if name in os.environ}
    folders = {f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in ("STATE", "CONFIG", "CACHE")}
    backends = {"MLFLOW_TRACKING_URI": refused, "KUBECONFIG": str(kubeconfig), "PROMETHEUS_URL": refused}
    return {**usual, **folders, **backends, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}
