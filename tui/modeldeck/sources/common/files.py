"""Small files that somebody else writes, read whole but never without a bound. Blocks: for threads only."""

from __future__ import annotations

from pathlib import Path

from modeldeck.pipes import read_bytes

FILES = 10.0
"""Seconds after which a file is given up: on a network drive that is away, say."""


def contents(path: Path, most: int) -> bytes:
    """Raises OSError, or ValueError where there is more than `most` bytes (a device, or another file altogether)."""
    found = read_bytes(path, most)
    if len(found) > most:
        raise ValueError("too large")
    return found


def reason_of(error: OSError | ValueError) -> str:
    """Why a file cannot be used, in words that never quote what stands in it."""
    if isinstance(error, OSError):
        return error.strerror or "it cannot be read"
    if isinstance(error, UnicodeError):
        return "it is not UTF-8 text"
    return "it is too large" if error.args == ("too large",) else "its name cannot be used"
