"""The console at the far end of a slow link: OpenSSH's own server and client, and a table that is long enough to travel in."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shlex
import shutil
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.support.backends import MLFLOW, served
from tests.support.link import Link, linked
from tests.support.processes import lives
from tests.support.sshd import NoServer, Sshd, script, sshd
from tests.support.terminals import Terminal, nowhere, opened

RUNS = 400
_AT = 1_700_000_000_000
REQUIRED = "MODELDECK_SSH_REQUIRED"
"""Set to 1 where a missing server is a failure instead of a skip."""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with contextlib.ExitStack() as stack:
        try:
            found = stack.enter_context(sshd(tmp_path_factory.mktemp("sshd")))
        except NoServer as missing:
            if os.environ.get(REQUIRED) == "1":
                pytest.fail(str(missing))
            pytest.skip(str(missing))
        yield found


@pytest.fixture(scope="session")
def mlflow() -> Iterator[str]:
    """The address of a server with many runs."""
    runs = [
        {
            "info": {
                "run_id": f"{number:032x}",
                "experiment_id": "1",
                "run_name": f"run-{number:03}-end",
                "status": "FINISHED",
                "start_time": _AT - number * 60_000,
                "end_time": _AT - number * 60_000 + 9_000,
            },
            "data": {"metrics": [{"key": "accuracy", "value": 0.5 + number / 1000, "timestamp": _AT, "step": 0}]},
        }
        for number in range(RUNS)
    ]
    answers = {**MLFLOW, "/api/2.0/mlflow/runs/search": {"runs": runs}}
    with served(answers) as address:
        yield address


@dataclass
class Far:
    """A terminal here, a console there, and the link between them."""

    terminal: Terminal
    link: Link
    pid_file: Path

    @property
    def console(self) -> psutil.Process:
        return psutil.Process(int(self.pid_file.read_text()))

    def row(self) -> int | None:
        """Of the runs' table, the one that is selected."""
        for line in self.terminal.screen.display:
            _, sign, after = line.partition("▸")
            if sign and "run-" in after:
                return int(after.partition("run-")[2][:3])
        return None

    def rows(self) -> None:
        self.terminal.until("the rows", lambda: self.row() is not None)

    def gone(self, process: psutil.Process) -> None:
        """Wait until it has ended, wherever it waits itself."""
        self.terminal.until(f"the end of {process.pid}", lambda: not lives(process))

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.terminal.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.terminal.screen.resize(rows, columns)


Connect = Callable[..., Far]


def multiplexed(program: str, command: str, folder: Path, stack: contextlib.ExitStack) -> str:
    """The command as the only window of a tmux or a screen of its own, which ends with `stack`."""
    if not program:
        return command
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    if program == "tmux":
        socket = folder / "tmux"
        stack.callback(subprocess.run, ["tmux", "-S", str(socket), "kill-server"], check=False, capture_output=True)
        return f"tmux -u -S {shlex.quote(str(socket))} -f /dev/null new-session {command}"
    sockets = folder / "screens"
    sockets.mkdir(mode=0o700)
    environ = {**os.environ, "SCREENDIR": str(sockets)}
    stack.callback(subprocess.run, ["screen", "-S", "far", "-X", "quit"], env=environ, check=False, capture_output=True)
    return f"env SCREENDIR={shlex.quote(str(sockets))} screen -U -c /dev/null -S far {command}"


@pytest.fixture
def connect(server: Sshd, mlflow: str, tmp_path: Path) -> Iterator[Connect]:
    """Connects, and starts the console: `connect(rate=bytes a second, delay=seconds each way)`; `inside` a "tmux" or "screen" there."""
    with contextlib.ExitStack() as stack:

        def connect(rate: float = 8192, delay: float = 0.15, inside: str = "") -> Far:
            link = stack.enter_context(linked(("127.0.0.1", server.port), rate, delay))
            pid_file = tmp_path / "console.pid"
            environ = {**nowhere(tmp_path), "MLFLOW_TRACKING_URI": mlflow}
            told = f"echo $$ > {shlex.quote(str(pid_file))}; exec {shlex.quote(sys.executable)} -m modeldeck"
            there = script(tmp_path / "console", environ, ["sh", "-c", told])
            command = server.client(link.port, f"exec {multiplexed(inside, there, tmp_path, stack)}", "-tt")
            here = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
            terminal = stack.enter_context(opened(command, {**here, "TERM": "xterm-256color"}, tmp_path))
            return Far(terminal, link, pid_file)

        yield connect
