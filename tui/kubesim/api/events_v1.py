"""Events in their two forms: stored as core/v1, shown as events.k8s.io/v1 where asked for."""

from __future__ import annotations

from kubesim.api.kinds import Object
from kubesim.api.statuses import Cause
from kubesim.api.validation_messages import required, wrong

_NAMES = {
    "involvedObject": "regarding",
    "message": "note",
    "reportingComponent": "reportingController",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
}
_BACK = {new: old for old, new in _NAMES.items()}


def to_new(event: Object) -> Object:
    renamed = {_NAMES.get(key, key): value for key, value in event.items()}
    return {key: value for key, value in renamed.items() if value or key not in ("reportingController", "reportingInstance")}


def check(event: Object) -> list[Cause]:
    """What the newer form demands beyond the older."""
    causes = [] if event.get("eventTime") else [required("eventTime")]
    type_ = event.get("type", "")
    return causes if type_ in ("Normal", "Warning") else [*causes, wrong("type", type_, f"has invalid value: {type_}")]


def to_core(event: Object) -> Object:
    return {_BACK.get(key, key): value for key, value in event.items()}
