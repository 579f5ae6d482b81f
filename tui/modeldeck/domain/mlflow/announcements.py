"""What operations announce in the registry: that they are about to move an alias. One tag of the registered model for each operation and
alias, where every cluster and namespace that shares the registry sees it: the locks of operations are of Deployments.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

MOVING_TAG = "modeldeck.moving."
"""Begins the key: `modeldeck.moving.ALIAS.OPERATION`."""
_LONGEST_ALIAS = 150
# MLflow takes keys of up to 250 characters, and aliases of up to 255.
_LONGEST_TEXT = 320


@dataclass(frozen=True, slots=True)
class Announcement:
    """One operation that is in the midst of moving an alias of a model. Everything but its id is for people, and may be missing: anybody
    may write a tag."""

    id: str
    """The operation's."""
    deployment: str = ""
    """`namespace/name` of the one of its Deployments whose mark it takes off last where it is taken back."""
    uid: str = ""
    """Of that Deployment, which may be another cluster's."""
    actor: str = ""
    at: str = ""
    """ISO 8601 in UTC."""
    from_version: str = ""
    to_version: str = ""


def moving_tag(alias: str, operation_id: str) -> str:
    return f"{_stem(alias)}{operation_id}"


def announcement_text(announcement: Announcement) -> str:
    """The tag's value."""
    body = {key: getattr(announcement, name)[:_LONGEST_TEXT] for key, name in _KEYS}
    return json.dumps({key: text for key, text in body.items() if text}, ensure_ascii=False, separators=(",", ":"))


def announced_by_others(tags: Mapping[str, str], alias: str, operation_id: str = "") -> tuple[Announcement, ...]:
    """Of the model's tags: who else is in the midst of moving the alias."""
    stem = _stem(alias)
    found = (_read(key.removeprefix(stem), text) for key, text in sorted(tags.items()) if key.startswith(stem))
    return tuple(one for one in found if one.id != operation_id)


def _stem(alias: str) -> str:
    if len(alias) > _LONGEST_ALIAS:
        alias = f"{alias[:100]}-{hashlib.sha256(alias.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
    return f"{MOVING_TAG}{alias}."


def _read(operation_id: str, text: str) -> Announcement:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        return Announcement(operation_id)
    return Announcement(operation_id, **{name: body[key][:_LONGEST_TEXT] for key, name in _KEYS if isinstance(body.get(key), str)})


_KEYS = (
    ("deployment", "deployment"),
    ("uid", "uid"),
    ("actor", "actor"),
    ("at", "at"),
    ("from", "from_version"),
    ("to", "to_version"),
)
