"""Leases of `coordination.k8s.io`, and the lock on a Deployment that an operation keeps in one.

The lease's holder is one process that carries one operation out; a note in its annotations tells people who that is, since when, and at
which step. Times in seconds since the epoch, as the holder's own clock told them: another machine must not reckon with them alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

LOCK = "modeldeck.dev/lock"
DURATION = 15.0
"""Seconds that a lease holds without being renewed, as leader election in Kubernetes has it."""
_LONGEST_NAME = 253


@dataclass(frozen=True, slots=True)
class Lease:
    namespace: str
    name: str
    holder: str
    """"" where nobody holds it."""
    duration: float = DURATION
    acquired_at: float | None = None
    renewed_at: float | None = None
    transitions: int = 0
    annotations: Mapping[str, str] = field(default_factory=dict)
    owner: tuple[str, str] | None = None
    """Name and uid of the Deployment, with which it goes."""
    resource_version: str = ""
    """"" where it does not exist yet."""


@dataclass(frozen=True, slots=True)
class LockNote:
    """Who holds a lock, for people."""

    id: str
    """The operation's."""
    actor: str = ""
    kind: str = ""
    model: str = ""
    from_version: str | None = None
    to_version: str | None = None
    since: str = ""
    """ISO 8601 in UTC."""
    step: str = ""
    host: str = ""
    pid: int | None = None
    birth: str = ""
    """Tells the process from a later one of the same pid."""


def lock_name(deployment: str) -> str:
    """The lease's name: `modeldeck-NAME`; a name that would be too long ends in a digest, so that two never share a lock."""
    name = f"modeldeck-{deployment}"
    if len(name) <= _LONGEST_NAME:
        return name
    digest = hashlib.sha256(deployment.encode()).hexdigest()[:10]
    return f"{name[: _LONGEST_NAME - 11].rstrip('-.')}-{digest}"


def note_text(note: LockNote) -> str:
    """The annotation's value."""
    body = {key: getattr(note, name) for key, name in _KEYS}
    return json.dumps({key: value for key, value in body.items() if value not in ("", None)}, ensure_ascii=False, separators=(",", ":"))


def note_of(lease: Lease) -> LockNote:
    """What the lease tells of its holder; anybody may write an annotation, so that a note that cannot be read is only its holder."""
    try:
        body = json.loads(lease.annotations.get(LOCK, ""))
    except (ValueError, RecursionError):
        return LockNote(lease.holder)
    if not isinstance(body, dict) or not isinstance(body.get("id"), str):
        return LockNote(lease.holder)
    texts = {name: body[key] for key, name in _KEYS if key != "pid" and isinstance(body.get(key), str)}
    pid = body.get("pid")
    return LockNote(**texts, pid=pid if isinstance(pid, int) and not isinstance(pid, bool) else None)


_KEYS = (
    ("id", "id"),
    ("actor", "actor"),
    ("kind", "kind"),
    ("model", "model"),
    ("from", "from_version"),
    ("to", "to_version"),
    ("since", "since"),
    ("step", "step"),
    ("host", "host"),
    ("pid", "pid"),
    ("birth", "birth"),
)


def looks_live(lease: Lease, now: float) -> bool:
    """Whether its own times say that it is held. Only a hint: clocks differ, so that what looks dead must be watched for a while, and
    what was renewed in the future as well."""
    if not lease.holder or lease.renewed_at is None:
        return False
    return -_SKEW <= now - lease.renewed_at <= lease.duration


_SKEW = 5.0


def held_words(lease: Lease) -> str:
    """Who holds it, since when, at which step."""
    note = note_of(lease)
    who = f"{note.actor} ({note.id})" if note.actor else note.id
    what = f": {note.kind} {note.model} {note.from_version or 'nothing'} → {note.to_version}" if note.kind and note.to_version else ""
    since = f", since {note.since}" if note.since else ""
    step = f", at {note.step}" if note.step else ""
    return f"locked by {who}{what}{since}{step}"
