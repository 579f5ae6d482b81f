"""Whether the process that carries an operation out still lives, as far as this machine can tell."""

from __future__ import annotations

import os
from pathlib import Path

from modeldeck.domain.kubernetes.leases import DURATION, LockNote
from modeldeck.domain.operations.operation import Operation, State
from modeldeck.operations.common.text import host


def birth(pid: int) -> str:
    """When a process began, as a token that no later process of the same pid has, nor one after a reboot; "" where that cannot be told."""
    try:
        # After the command's name, which may hold anything: the state is the 3rd field of the line, the start time the 22nd.
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    except OSError:
        return ""
    return f"{boot}-{fields[19]}" if len(fields) > 19 else ""


def process_lives(pid: int, token: str = "") -> bool:
    """Whether that very process lives: one that waits for its parent to notice its end does not, nor does a later one of the same pid."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    try:
        state = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[:1]
    except OSError:
        return not token or not birth(os.getpid())  # this machine has no /proc, or the process has just gone
    return state not in (["Z"], ["X"]) and (not token or birth(pid) == token)


def is_alive(operation: Operation) -> bool | None:
    """None: it runs on another machine, or nobody wrote down which process it is."""
    return _alive(operation.runner_pid, operation.host, operation.runner_birth)


def holder_is_dead(note: LockNote) -> bool:
    """Whether the process behind a lock surely is gone: only of this machine's own can that be told."""
    return bool(note.birth) and _alive(note.pid, note.host, note.birth) is False


def _alive(pid: int | None, where: str, token: str) -> bool | None:
    if pid is None or where != host():
        return None
    return process_lives(pid, token)


def is_abandoned(operation: Operation) -> bool:
    """An operation without an end whose process is gone: it can be resumed or undone, and nothing else may begin on its deployment
    before."""
    return operation.state is not State.ENDED and is_alive(operation) is False


def unheard(operation: Operation, now: float) -> float | None:
    """Seconds since the last sign of life of a process that gives one every few seconds; None while that is not longer than its lock holds,
    or where nobody gives any. Such a process may hang, and wake up again: then it notices whether its operation was taken up."""
    if operation.state is State.ENDED or operation.runner_pid is None or operation.heartbeat_at is None:
        return None
    quiet = now - operation.heartbeat_at
    return quiet if quiet > DURATION else None
