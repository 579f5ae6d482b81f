"""What modeldeck writes on the objects that it changes, so that any colleague sees it: annotation keys, the mark, the history.

The mark (`modeldeck.dev/operation`) stands on a Deployment while an operation is under way, as JSON; when the operation ends it is
taken off and one line goes to the history (`modeldeck.dev/history`), which keeps the last ten. Both are read tolerantly: anybody may
write an annotation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

FIELD_MANAGER = "modeldeck"
"""Whose writes ours are, as Kubernetes keeps it."""
OPERATION = "modeldeck.dev/operation"
HISTORY = "modeldeck.dev/history"
OPERATION_TAG = "modeldeck.operation"
"""On a model version: the operation that brought it in."""
CLUSTER_TAG = "modeldeck.cluster"
"""On a model version: the cluster of the Deployment that its tags name."""
CHANGE_CAUSE = "kubernetes.io/change-cause"
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"

HISTORY_LENGTH = 10
_REASON_LENGTH = 200
_CAUSE = "/metadata/annotations/kubernetes.io~1change-cause"


@dataclass(frozen=True, slots=True)
class OperationAnnotation:
    """An operation as the Deployment tells it. `at`: started (under way) or finished (history), ISO 8601 in UTC, as it was written."""

    id: str
    kind: str = ""
    actor: str = ""
    model: str = ""
    from_version: str | None = None
    to_version: str | None = None
    alias: str = ""
    previous: str | None = None
    """What the alias pointed at before; None: nothing."""
    previous_known: bool = True
    """False: the registry could not be asked."""
    tagged: str | None = None
    """The operation that the tags of `to_version` told of before; "" where of none, None where that is not known."""
    reason: str = ""
    at: str = ""
    outcome: str = ""
    """"" while under way."""
    edits: Mapping[str, tuple[str | None, str | None]] = field(default_factory=dict)
    """While under way: JSON pointer → (before, after) of what was changed, so that anybody can take it back."""


def mark_text(mark: OperationAnnotation) -> str:
    """The annotation's value: compact JSON in the order that people read it in."""
    return json.dumps(_to_json(mark), ensure_ascii=False, separators=(",", ":"))


def mark_of(annotations: Mapping[str, str]) -> OperationAnnotation | None:
    """The operation under way, or None. A value that is no JSON is taken as the id itself: somebody put it there on purpose."""
    text = annotations.get(OPERATION, "").strip()
    if not text:
        return None
    try:
        decoded = json.loads(text)
    except (ValueError, RecursionError):
        return OperationAnnotation(text)
    return _from_json(decoded) or OperationAnnotation(text)


def under_way(annotations: Mapping[str, str]) -> OperationAnnotation | None:
    """The mark, unless the history beside it tells how that operation ended.

    Kubernetes copies a Deployment's annotations to its newest ReplicaSet, where a mark stays, and `kubectl rollout undo` copies them back
    from an older set: marks of long ago come back that way.
    """
    mark = mark_of(annotations)
    if mark is not None and any(past.id == mark.id for past in history_of(annotations)):
        return None
    return mark


def history_of(annotations: Mapping[str, str]) -> tuple[OperationAnnotation, ...]:
    """Finished operations, newest first."""
    try:
        decoded = json.loads(annotations.get(HISTORY, "") or "[]")
    except (ValueError, RecursionError):
        return ()
    if not isinstance(decoded, list):
        return ()
    return tuple(mark for mark in map(_from_json, decoded) if mark is not None)


def history_text(annotations: Mapping[str, str], newest: OperationAnnotation) -> str:
    """The history annotation with `newest` in front, each operation once."""
    older = [mark for mark in history_of(annotations) if mark.id != newest.id]
    kept = [newest, *older][:HISTORY_LENGTH]
    return json.dumps([_to_json(mark) for mark in kept], ensure_ascii=False, separators=(",", ":"))


_KEYS = (
    ("id", "id"),
    ("kind", "kind"),
    ("actor", "actor"),
    ("model", "model"),
    ("from", "from_version"),
    ("to", "to_version"),
    ("alias", "alias"),
    ("previous", "previous"),
    ("reason", "reason"),
    ("at", "at"),
    ("outcome", "outcome"),
)


def _to_json(mark: OperationAnnotation) -> dict[str, object]:
    body: dict[str, object] = {key: getattr(mark, name) for key, name in _KEYS}
    body["reason"] = mark.reason[:_REASON_LENGTH]
    if not mark.previous_known:
        body["previous"] = ""
    if mark.edits:
        body["edits"] = {where: list(change) for where, change in mark.edits.items()}
    found = {key: value for key, value in body.items() if value != ""}
    return found if mark.tagged is None else {**found, "tagged": mark.tagged}


def _from_json(decoded: object) -> OperationAnnotation | None:
    if not isinstance(decoded, dict) or not isinstance(decoded.get("id"), str):
        return None
    known = {name: decoded[key] for key, name in (*_KEYS, ("tagged", "tagged")) if isinstance(decoded.get(key), str)}
    return OperationAnnotation(**known, previous_known="previous" in decoded, edits=_edits_of(decoded.get("edits")))


def _edits_of(decoded: object) -> dict[str, tuple[str | None, str | None]]:
    """Only edits of the pod template and of the change cause: nothing else may be taken back in an annotation's name."""
    if not isinstance(decoded, dict):
        return {}
    found: dict[str, tuple[str | None, str | None]] = {}
    for where, change in decoded.items():
        if not where.startswith(("/spec/template/", _CAUSE)) or not isinstance(change, list) or len(change) != 2:
            continue
        before, after = change
        if isinstance(before, str | None) and isinstance(after, str | None):
            found[where] = (before, after)
    return found
