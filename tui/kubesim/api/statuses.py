"""Failures in the words of a real API server: each is a `Status` object, which kubectl prints as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kubesim.api.kinds import Kind, Object


class ApiError(Exception):
    """A request that is refused. `code` is the HTTP status; `reason` the machine-readable word (apimachinery's StatusReason)."""

    def __init__(self, code: int, reason: str, message: str, details: Object | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details

    def status(self) -> Object:
        body: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message}
        if self.reason:
            body["reason"] = self.reason
        if self.details is not None:
            body["details"] = self.details
        body["code"] = self.code
        return body


@dataclass(frozen=True, slots=True)
class Cause:
    """One invalid field; `reason` is FieldValueInvalid, FieldValueRequired, FieldValueNotSupported or FieldValueDuplicate."""

    reason: str
    message: str
    field: str


def _details(kind: Kind, name: str, **more: Any) -> Object:
    details: Object = {}
    if name:
        details["name"] = name
    if kind.group:
        details["group"] = kind.group
    details["kind"] = kind.plural
    details.update(more)
    return details


def not_found(kind: Kind, name: str) -> ApiError:
    return ApiError(404, "NotFound", f'{kind.qualified} "{name}" not found', _details(kind, name))


def no_such_path() -> ApiError:
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def method_not_allowed() -> ApiError:
    return ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})


def already_exists(kind: Kind, name: str) -> ApiError:
    return ApiError(409, "AlreadyExists", f'{kind.qualified} "{name}" already exists', _details(kind, name))


def conflict(kind: Kind, name: str, message: str = "") -> ApiError:
    message = message or "the object has been modified; please apply your changes to the latest version and try again"
    return ApiError(409, "Conflict", f'Operation cannot be fulfilled on {kind.qualified} "{name}": {message}', _details(kind, name))


def forbidden(kind: Kind, name: str, message: str, *, causes: Sequence[Cause] = ()) -> ApiError:
    who = f'{kind.qualified} "{name}"' if name else kind.qualified
    details = _details(kind, name)
    if causes:
        details["causes"] = _causes(causes)
    return ApiError(403, "Forbidden", f"{who} is forbidden: {message}", details)


def forbidden_path(message: str) -> ApiError:
    return ApiError(403, "Forbidden", f"forbidden: {message}", {})


def unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized", "Unauthorized")


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def internal(message: str) -> ApiError:
    return ApiError(500, "", message)


def unsupported_media(message: str, details: Object | None = None) -> ApiError:
    return ApiError(415, "UnsupportedMediaType", message, details)


def patch_rejected() -> ApiError:
    """A JSON patch whose `test` failed or whose path is not there: 422 without a cause, as the real server answers."""
    return ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {})


def invalid(kind: Kind, name: str, causes: Sequence[Cause]) -> ApiError:
    who = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
    return invalid_named(who, kind.group, kind.kind, name, causes)


def invalid_named(who: str, group: str, kind: str, name: str, causes: Sequence[Cause]) -> ApiError:
    details: Object = {}
    if name:
        details["name"] = name
    if group:
        details["group"] = group
    if kind:
        details["kind"] = kind
    details["causes"] = _causes(causes)
    message = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in causes))
    joined = message[0] if len(message) == 1 else "[" + ", ".join(message) + "]"
    return ApiError(422, "Invalid", f'{who} "{name}" is invalid: {joined}', details)


def expired(message: str) -> ApiError:
    return ApiError(410, "Expired", message)


def too_large_version(wanted: int, current: int) -> ApiError:
    return ApiError(
        504,
        "Timeout",
        f"Timeout: Too large resource version: {wanted}, current: {current}",
        {"causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}], "retryAfterSeconds": 1},
    )


def success(kind: Kind, name: str, uid: str) -> Object:
    """The answer to a delete that is done at once."""
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": _details(kind, name, uid=uid)}


def _causes(causes: Sequence[Cause]) -> list[Object]:
    return [{"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in causes]
