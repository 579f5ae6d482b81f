"""Which label of a counter tells failed requests apart, and by which matcher: found by looking at the labels that it carries.

A matcher that matches nothing reads as 0 failures, whatever really fails. So a label counts only where every series of the counter carries
it and its values are ones whose meaning is known: HTTP statuses (`500`) or their classes (`5xx`), gRPC codes, or words such as `error`.
Failed is what the server did wrong: a client's mistake (4xx, INVALID_ARGUMENT) is not.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

LABELS = (
    "status",
    "status_code",
    "code",
    "http_status",
    "http_status_code",
    "http_response_code",
    "http_response_status_code",
    "response_code",
    "response_code_class",
    "response_status",
    "status_class",
    "statuscode",
    "grpc_code",
    "grpc_status",
    "outcome",
    "result",
)
"""Under which names exporters tell how a request ended."""

_HTTP = re.compile(r"[1-5](\d\d|[xX]{2})")
_GRPC_FAILED = ("Unknown", "DeadlineExceeded", "Unimplemented", "Internal", "Unavailable", "DataLoss")
_GRPC_OTHERS = (
    *("OK", "Canceled", "Cancelled", "InvalidArgument", "NotFound", "AlreadyExists", "PermissionDenied", "ResourceExhausted"),
    *("FailedPrecondition", "Aborted", "OutOfRange", "Unauthenticated"),
)
_GRPC_FAILED_NUMBERS = ("2", "4", "12", "13", "14", "15")
_WELL = ("ok", "success", "succeeded", "successful", "completed")
_BADLY = ("error", "errors", "fail", "failed", "failure", "exception", "server_error", "internal_error", "timeout", "5xx")
_NOT_OURS = ("client_error", "bad_request", "cancelled", "canceled", "rejected", "redirection", "informational")


def _upper(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()


_GRPC_NAMES = frozenset(spelt for name in (*_GRPC_FAILED, *_GRPC_OTHERS) for spelt in (name, _upper(name)))


def failed_matcher(series: Iterable[Mapping[str, str]], labels: Collection[str] = LABELS) -> str | None:
    """The PromQL matcher of failed requests for a counter with these label sets. None: no label of them tells."""
    carried = list(series)
    if not carried:
        return None
    for label in labels:
        values = {each.get(label, "") for each in carried}
        if "" not in values and (matched := _failed_among(values)) is not None:
            return f"{label}{matched}"
    return None


def carries(series: Iterable[Mapping[str, str]], label: str) -> bool:
    """Whether there are any, and every one of them has the label."""
    values = [each.get(label, "") for each in series]
    return bool(values) and all(values)


def _failed_among(values: Collection[str]) -> str | None:
    """How a label with such values matches the failed ones."""
    if all(_HTTP.fullmatch(value) for value in values):
        return '=~"5.."'
    if all(value in _GRPC_NAMES for value in values):
        return f'=~"{"|".join(spelt for name in _GRPC_FAILED for spelt in dict.fromkeys((name, _upper(name))))}"'
    if all(value.isdecimal() and int(value) <= 16 for value in values):
        return f'=~"{"|".join(_GRPC_FAILED_NUMBERS)}"'
    if all(value.lower() in (*_WELL, *_BADLY, *_NOT_OURS) for value in values):
        spellings = (spelt for word in _BADLY for spelt in (word, word.capitalize(), word.upper()))
        return f'=~"{"|".join(dict.fromkeys(spellings))}"'
    return None
