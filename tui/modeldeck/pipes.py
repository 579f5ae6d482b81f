"""Reading what somebody's path leads to: a file, a pipe (`<(…)` of a shell), or something that never ends. Bounded in bytes and in time."""

from __future__ import annotations

import errno
import os
import select
import stat
from pathlib import Path

PIPE_SECONDS = 5.0
"""How long a pipe may say nothing."""


def read_bytes(path: Path, limit: int) -> bytes:
    """The content; `limit` + 1 bytes of what is longer. Raises OSError, also for a pipe that says nothing."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        regular = stat.S_ISREG(os.fstat(handle).st_mode)
        parts: list[bytes] = []
        left = limit + 1
        while left > 0:
            if not regular and not select.select([handle], [], [], PIPE_SECONDS)[0]:
                raise OSError(errno.ETIMEDOUT, f"it is no file, and gave nothing in {PIPE_SECONDS:g} s")
            part = os.read(handle, left)
            if not part:
                break
            parts.append(part)
            left -= len(part)
        return b"".join(parts)
    finally:
        os.close(handle)
