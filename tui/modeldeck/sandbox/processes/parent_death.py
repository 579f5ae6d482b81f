"""Ending together: nothing that the sandbox starts may outlive the process that started it, not even after SIGKILL."""

from __future__ import annotations

import asyncio
import ctypes
import functools
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def prepare() -> None:
    """Load what `die_with_parent` needs: between fork and exec nothing should be loaded any more."""
    if sys.platform == "linux":
        _libc()


def die_with_parent() -> None:
    """Ask the kernel to kill this process when the thread that started it ends. To be called in the child; Linux only.

    Elsewhere children notice by themselves (`parent_gone`, or the end of a pipe).
    """
    if sys.platform == "linux":
        _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


async def parent_gone(parent: int | None, every: float = 0.5) -> None:
    """Return when `parent` (a process id) is no longer our parent; never for None.

    Polled, because the kernel's own signal is tied to the parent's *thread*, which may end long before the process.
    """
    if parent is None:
        await asyncio.Event().wait()
    while os.getppid() == parent:  # noqa: ASYNC110 - there is no event to wait for
        await asyncio.sleep(every)
