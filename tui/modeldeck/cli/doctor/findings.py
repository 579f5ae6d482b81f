"""One line of `modeldeck doctor`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from modeldeck.domain.failures import Failure, Throttled, TimedOut

_ONCE: Mapping[type[Failure], str] = {
    TimedOut: "it is slow or hung: look at it where it runs, then ask again",
    Throttled: "it asked for a pause: ask again later",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """About what, whether it works (None: not known), what was found, and what to do."""

    about: str
    works: bool | None
    message: str
    hint: str = ""


def failed(about: str, failure: Failure) -> Finding:
    return Finding(about, False, failure.message, hint_of(failure))


def hint_of(failure: Failure) -> str:
    """What the console does by itself, one who asks once must do."""
    if failure.retry_after:
        return f"it asked for a pause: ask again later, after {failure.retry_after:.0f} s"
    usual = failure.hint == failure.default_hint
    return _ONCE.get(type(failure), failure.hint) if usual else failure.hint
