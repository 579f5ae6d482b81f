"""Whether a process of a test is still there."""

from __future__ import annotations

import functools
import subprocess
import sys

import psutil


def lives(process: psutil.Process) -> bool:
    """False once it has ended, also where nobody has taken its exit code yet, and where it ends while it is asked."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@functools.cache
def gone_pid() -> int:
    """The id of a process that has ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid
