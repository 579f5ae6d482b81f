"""Commands that end when their time is up, with everything that they started."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL."""
_LOOK = 0.2
"""Seconds between two looks for processes that have ended."""
_LAST_WORDS = 1.0
"""Seconds for what was printed just before the end."""


class Failed(Exception):
    """A command ended with another exit code than 0."""


class TimeUp(Exception):
    """A command was ended, as the time for all of them was up."""


def adopt_orphans() -> None:
    """Make processes whose parents ended children of this one, so that `end_descendants` finds them. Does nothing where Linux is not."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def run(command: Sequence[str], log: Path, deadline: float, environ: Mapping[str, str] | None = None) -> None:
    """Run a command; what it prints goes to standard output and to the end of `log`.

    `deadline` is an instant of time.monotonic(). Raises Failed, or TimeUp when the command was still running then.
    """
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environ, start_new_session=True
    )
    copying = threading.Thread(target=_copy, args=(process, log), daemon=True)
    copying.start()
    try:
        code = _ended(process, deadline)
        if code is None:
            end_descendants()
            raise TimeUp(f"ended after its time was up: {' '.join(command)[:120]}")
    finally:
        # Whoever inherited the pipe may outlive the command: what it prints is not waited for.
        copying.join(_LAST_WORDS)
    if code:
        raise Failed(f"exit code {code}: {' '.join(command)[:120]}")


def _ended(process: subprocess.Popen[bytes], deadline: float) -> int | None:
    """Its exit code; None where it still runs at the deadline. Meanwhile orphans are taken leave of as they end, as init would do: who
    waits for one to be gone would see it for ever otherwise."""
    while True:
        _reap(but=process.pid)
        try:
            return process.wait(max(0.0, min(_LOOK, deadline - time.monotonic())))
        except subprocess.TimeoutExpired:
            if time.monotonic() >= deadline:
                return None


def _copy(process: subprocess.Popen[bytes], log: Path) -> None:
    assert process.stdout
    with log.open("ab") as file:
        while chunk := os.read(process.stdout.fileno(), 1 << 16):
            file.write(chunk)
            file.flush()
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()


def end_descendants() -> None:
    """End every process below this one: politely, then for good."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        for pid in descendants():
            _send(pid, sent)
        until = time.monotonic() + _GRACE
        while descendants() and time.monotonic() < until:
            _reap()
            time.sleep(0.1)


def descendants() -> list[int]:
    """The ids of all living processes below this one; empty where there is no /proc."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
        except (OSError, ValueError):
            continue
        if state != "Z":
            children.setdefault(int(parent), []).append(int(folder.name))
    found, waiting = [], [os.getpid()]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def _send(pid: int, sent: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, sent)


def _reap(but: int = 0) -> None:
    """Take leave of adopted processes that have ended, and not of `but`, whose exit code is asked for elsewhere."""
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None and ended.si_pid != but:
            os.waitpid(ended.si_pid, 0)
