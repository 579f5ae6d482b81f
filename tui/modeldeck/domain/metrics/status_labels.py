"""Which label of a counter tells failed requests apart, and by which matcher: found by looking at the labels that it carries.

A matcher that matches nothing reads as 0 failures, whatever really fails. So a label counts only where every series of the counter carries
it and its values are ones whose meaning is known: HTTP statuses (`500`) or their classes (`5xx`), gRPC codes, or words such as `error`.
Failed is what the server did wrong: a client's mistake (4xx, INVALID_ARGUMENT) is not.

Where several labels tell, one may speak of something else: `http_status="200"` of a gRPC call that failed, `result="success"` of a
handler that answered 500. A series has failed where one of them says so and none says that the client did: the label is taken that tells
exactly these.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

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

_GRPC_FAILED = ("Unknown", "DeadlineExceeded", "Unimplemented", "Internal", "Unavailable", "DataLoss")
_GRPC_NOT_OURS = (
    *("Canceled", "Cancelled", "InvalidArgument", "NotFound", "AlreadyExists", "PermissionDenied", "ResourceExhausted"),
    *("FailedPrecondition", "Aborted", "OutOfRange", "Unauthenticated"),
)
_GRPC_FAILED_NUMBERS = ("2", "4", "12", "13", "14", "15")
_WELL = ("ok", "success", "succeeded", "successful", "completed")
_BADLY = ("error", "errors", "fail", "failed", "failure", "exception", "server_error", "internal_error", "timeout", "5xx")
_NOT_OURS = ("client_error", "bad_request", "cancelled", "canceled", "rejected", "redirection", "informational")


def _upper(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()


def _names(*names: str) -> str:
    return "|".join(dict.fromkeys(spelt for name in names for spelt in (name, _upper(name))))


def _spellings(*terms: str) -> str:
    return "|".join(dict.fromkeys(spelt for word in terms for spelt in (word, word.capitalize(), word.upper())))


@dataclass(frozen=True)
class _Vocabulary:
    """What values of a label mean, each part as an expression; `within`: what a label's name must hold for it to be spoken there."""

    well: str
    not_ours: str
    failed: str
    within: str = ""

    def speaks(self, label: str, values: Iterable[str]) -> bool:
        every = f"{self.well}|{self.not_ours}|{self.failed}"
        return self.within in label and all(re.fullmatch(every, value) for value in values)


_VOCABULARIES = (
    _Vocabulary("[123](?:[0-9][0-9]|[xX]{2})", "4(?:[0-9][0-9]|[xX]{2})", "5.."),
    _Vocabulary("OK", _names(*_GRPC_NOT_OURS), _names(*_GRPC_FAILED)),
    _Vocabulary("0", "[1356789]|1[016]", "|".join(_GRPC_FAILED_NUMBERS), within="grpc"),
    _Vocabulary(_spellings(*_WELL), _spellings(*_NOT_OURS), _spellings(*_BADLY)),
)
"""The surest first. Small numbers mean gRPC's codes only where the label says so: elsewhere `code="1"` is whatever the service meant."""


@dataclass(frozen=True)
class _Telling:
    """A label that tells how requests ended, by all vocabularies that its values may be of: INTERNAL may follow `OK`, or ERROR."""

    label: str
    spoken: tuple[_Vocabulary, ...]

    @property
    def failed(self) -> str:
        return "|".join(each.failed for each in self.spoken)

    @property
    def not_ours(self) -> str:
        return "|".join(each.not_ours for each in self.spoken)

    @property
    def matcher(self) -> str:
        return f'{self.label}=~"{self.failed}"'


def failed_matcher(series: Iterable[Mapping[str, str]], labels: Collection[str] = LABELS) -> str | None:
    """The PromQL matcher of failed requests for a counter with these label sets. None: no label of them tells."""
    carried = list(series)
    telling = [one for label in labels if (one := _telling(carried, label)) is not None]
    if len(telling) == 1:  # as nearly always: a large cluster has many counters
        return telling[0].matcher
    telling.sort(key=lambda one: _VOCABULARIES.index(one.spoken[0]))
    failed = [
        any(re.fullmatch(one.failed, each[one.label]) for one in telling)
        and not any(re.fullmatch(one.not_ours, each[one.label]) for one in telling)
        for each in carried
    ]
    for one in telling:
        if [re.fullmatch(one.failed, each[one.label]) is not None for each in carried] == failed:
            return one.matcher
    return None


def _telling(series: Collection[Mapping[str, str]], label: str) -> _Telling | None:
    if not carries(series, label):
        return None
    values = {each[label] for each in series}
    spoken = tuple(each for each in _VOCABULARIES if each.speaks(label, values))
    return _Telling(label, spoken) if spoken else None


def carries(series: Iterable[Mapping[str, str]], label: str) -> bool:
    """Whether there are any, and every one of them has the label."""
    values = [each.get(label, "") for each in series]
    return bool(values) and all(values)
