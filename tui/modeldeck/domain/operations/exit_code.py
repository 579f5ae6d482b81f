"""What a command ends with."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the command line ends with. A contract with pipelines."""

    DONE = 0
    UNDONE = 1
    USAGE = 2
    REFUSED = 3
    GATE_FAILED = 4
    NEEDS_ATTENTION = 5
    UNREACHABLE = 6
    WAITING = 7
    BUG = 8
    """Of modeldeck. What was begun before it was met goes on in a process of its own."""
    UNTOLD = 9
    """Only looked, and the answer could not be written. What became of a change is never hidden by it."""
