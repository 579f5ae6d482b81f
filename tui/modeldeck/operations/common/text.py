"""Small helpers for what operations say: sanitized text, times for people and machines, who is acting."""

from __future__ import annotations

import getpass
import os
import secrets
import socket
import unicodedata
from datetime import UTC, datetime

_ORDERS = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
# Unicode categories whose characters instruct a terminal instead of standing on it.


def has_orders(text: str) -> bool:
    """Whether a text holds control, format, bidi or line-separating characters: an operator's reason must not."""
    return any(unicodedata.category(character) in _ORDERS for character in text)


def sanitize(text: str, *, limit: int = 2000, keep_blanks: bool = False) -> str:
    """A backend's words fit for one line of a journal or a terminal: orders become `·`, the end may be cut. Idempotent.

    Blanks become single ones, unless they are to be kept as columns.
    """
    blanked = "".join(" " if c in "\t\n\r\v\f" else "·" if unicodedata.category(c) in _ORDERS else c for c in text[: limit * 2])
    line = blanked.rstrip() if keep_blanks else " ".join(blanked.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def sanitize_lines(text: str, *, last: int = 8, width: int = 240) -> tuple[str, ...]:
    """The last lines of a log that say something, each sanitized. Lines that only underline the one before say nothing."""
    lines = [sanitize(line, limit=width) for line in text.splitlines()]
    return tuple([line for line in lines if line.strip("^~-=* ")][-last:])


def iso(at: float | None) -> str | None:
    """ISO 8601 in UTC with whole milliseconds: `2026-11-23T07:15:00.250Z`."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_iso(text: str) -> float | None:
    """Seconds since the epoch, or None where the text is no time."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()


def new_id(now: float) -> str:
    """An operation's id: sorts by time, is short enough to type, and two in the same second differ."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y%m%d-%H%M%S-") + secrets.token_hex(2)


def actor() -> str:
    """`user@host` of this process, sanitized."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        # A uid without a name, as containers have them.
        user = str(os.getuid())
    return sanitize(f"{user}@{host()}", limit=120)


def host() -> str:
    return socket.gethostname()
