"""Revisions of a deployment: numbering, history and the annotations that carry them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kubesim.api.kinds import Object

REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"
HASH = "pod-template-hash"
_NOT_COPIED = {"kubectl.kubernetes.io/last-applied-configuration", REVISION, HISTORY, DESIRED, MAXIMUM, "deprecated.deployment.rollback.to"}
_LONGEST_HISTORY = 2000


def notes(obj: Object) -> dict[str, str]:
    """The object's own annotations, created when there are none."""
    found: dict[str, str] = obj["metadata"].setdefault("annotations", {})
    return found


def number(obj: Object) -> int:
    """The revision an object says it is; 0 when it says nothing readable."""
    text = (obj["metadata"].get("annotations") or {}).get(REVISION, "0")
    return int(text) if text.isdigit() else 0


def latest(sets: Iterable[Object]) -> int:
    return max((number(each) for each in sets), default=0)


def same_template(one: Object, other: Object) -> bool:
    """Equal but for the pod-template-hash label."""
    return bool(_without_hash(one) == _without_hash(other))


def _without_hash(template: Object) -> Object:
    meta = dict(template.get("metadata") or {})
    labels = {key: value for key, value in (meta.get("labels") or {}).items() if key != HASH}
    meta.pop("labels", None)
    return {**template, "metadata": {**meta, **({"labels": labels} if labels else {})}}


def newest_set(template: Object, sets: Sequence[Object]) -> Object | None:
    """The replica set with this template: the oldest one when there are several."""
    for each in sorted(sets, key=by_age):
        if same_template(each["spec"]["template"], template):
            return each
    return None


def by_age(each: Object) -> tuple[str, str]:
    return each["metadata"]["creationTimestamp"], each["metadata"]["name"]


def annotate(deployment: Object, replicaset: Object, revision: int) -> bool:
    """Copy the deployment's annotations to its new replica set and raise its revision; True when something changed.

    A set that is used again keeps its earlier numbers in revision-history.
    """
    mine = notes(replicaset)
    before = dict(mine)
    for key, value in notes(deployment).items():
        if key not in _NOT_COPIED:
            mine[key] = value
    known = mine.get(REVISION)
    if known is not None and not known.isdigit():
        return mine != before
    if int(known or 0) < revision:
        mine[REVISION] = str(revision)
        if known is not None:
            mine[HISTORY] = _longer(mine.get(HISTORY, ""), known)
    return mine != before


def _longer(history: str, number_: str) -> str:
    numbers = [*filter(None, history.split(",")), number_]
    while len(",".join(numbers)) > _LONGEST_HISTORY:
        numbers.pop(0)
    return ",".join(numbers)


def annotate_size(replicaset: Object, wanted: int, surge: int) -> bool:
    """Note what the deployment wanted when this set got its size; True when that is new."""
    mine = notes(replicaset)
    sizes = {DESIRED: str(wanted), MAXIMUM: str(wanted + surge)}
    if all(mine.get(key) == value for key, value in sizes.items()):
        return False
    mine.update(sizes)
    return True


def noted(replicaset: Object, name: str) -> int | None:
    text = (replicaset["metadata"].get("annotations") or {}).get(name, "")
    return int(text) if text.isdigit() else None
