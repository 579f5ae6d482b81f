"""What the API answers beside workloads: refusals, events, access reviews, autoscalers, its version."""

from __future__ import annotations

from typing import Any

import msgspec

from modeldeck.sources.kubernetes.wire import Int, ListMeta, Meta, Moment, Wire


class StatusCause(Wire):
    message: str = ""
    field: str = ""


class StatusDetails(Wire):
    causes: list[StatusCause] | None = None
    retry_after_seconds: Int = 0


class Status(Wire):
    """metav1.Status: what the API server answers instead of an object when it refuses."""

    kind: str = ""
    message: str = ""
    reason: str = ""
    code: Int = 0
    details: StatusDetails | None = None


class EventSeries(Wire):
    count: Int = 0
    last_observed_time: Moment | None = None


class EventSource(Wire):
    component: str = ""


class EventWire(Wire):
    metadata: Meta
    reason: str = ""
    message: str = ""
    type: str = ""
    count: Int | None = None
    first_timestamp: Moment | None = None
    last_timestamp: Moment | None = None
    event_time: Moment | None = None
    series: EventSeries | None = None
    source: EventSource | None = None
    reporting_component: str = ""
    involved_object: InvolvedObject | None = None


class InvolvedObject(Wire):
    kind: str = ""
    name: str = ""
    uid: str = ""


class EventList(Wire):
    metadata: ListMeta
    items: list[EventWire] | None = None


class ReviewStatus(Wire):
    allowed: bool = False
    denied: bool = False
    reason: str = ""
    evaluation_error: str = ""


class Review(Wire):
    status: ReviewStatus | None = None


class ScaleTarget(Wire):
    kind: str = ""
    name: str = ""


class AutoscalerSpec(Wire):
    scale_target_ref: ScaleTarget | None = None


class Autoscaler(Wire):
    metadata: Meta
    spec: AutoscalerSpec | None = None


class AutoscalerList(Wire):
    metadata: ListMeta
    items: list[Autoscaler] | None = None


class Resource(Wire):
    name: str = ""
    kind: str = ""
    namespaced: bool = False


class ResourceList(Wire):
    """metav1.APIResourceList: what one version of an API group has."""

    resources: list[Resource] | None = None


class Specified(Wire):
    """Any object with what its kind calls its specification."""

    metadata: Meta = msgspec.field(default_factory=Meta)
    spec: dict[str, Any] | None = None


class ServerVersion(Wire):
    git_version: str = ""


def explain(body: bytes) -> str:
    """The API server's own words: a Status' message, with its causes where the message leaves them out."""
    try:
        status = msgspec.json.decode(body, type=Status)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    if status.kind != "Status":
        return ""
    causes = [cause for cause in (status.details.causes if status.details and status.details.causes else []) if cause.message]
    missing = [
        f"{cause.field}: {cause.message}" if cause.field else cause.message for cause in causes if cause.message not in status.message
    ]
    return "; ".join(part for part in (status.message or status.reason, *missing) if part)
