"""What can go wrong between us and a backend, as values with a hint.

    Failure
    ├── Unreachable     no connection: refused, reset, cut mid-answer, DNS, TLS
    ├── TimedOut        connected, but no (whole) answer in time
    ├── Unauthorized    401: we are nobody
    ├── Forbidden       403: we are somebody, but may not
    ├── NotFound        404
    ├── Conflict        409, or the world moved since it was looked at
    ├── Throttled       429: asked to come back later
    ├── Rejected        any other 4xx: the request itself is wrong
    │   └── InvalidQuery    the backend has read the query, and says that it is none
    ├── Faulty          5xx: the backend is broken
    ├── TooLarge        an answer beyond every bound that a real backend's answers keep
    └── Malformed       an answer that is not what the protocol says

A failure can be raised by a source and is then kept as a value in a `Reading`. Two failures with the same fields are equal, so that
a pane repaints only when something new is to be said. Its words never hold a secret: sources clean URLs of userinfo first.
"""

from __future__ import annotations

from typing import ClassVar

LONGEST_RETRY_AFTER = 300.0
"""Seconds for which a backend's own Retry-After is honoured. Some ask for a year, by mistake: nobody would see them come back."""

SETTLING = 15.0
"""Seconds for which a refusal (401, 403) may pass by itself: an API server that was started again answers 403 to everybody but its admin
until it has read the roles (0.2 s where there are few), and 401 until it has found the identity provider, which it looks for every ten
seconds."""


class Failure(Exception):
    """Something a backend did not do. `message` says what, `hint` what the operator can do, `backend` who ("MLflow")."""

    code: ClassVar[str] = "failure"
    default_hint: ClassVar[str] = ""

    def __init__(
        self, message: str, *, hint: str = "", backend: str = "", retry_after: float | None = None, status: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint or self.default_hint
        self.backend = backend
        self.retry_after = None if retry_after is None else min(max(retry_after, 0.0), LONGEST_RETRY_AFTER)
        """Seconds after which the backend wants to be asked again (Retry-After, at most LONGEST_RETRY_AFTER), where it said so."""
        self.status = status
        """The HTTP status, where there was one: for sources that tell a 410 or 422 from other refusals."""

    def _fields(self) -> tuple[object, ...]:
        return (type(self), self.message, self.hint, self.backend)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Failure) and self._fields() == other._fields()

    def __hash__(self) -> int:
        return hash(self._fields())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r}, backend={self.backend!r})"

    def __str__(self) -> str:
        return f"{self.backend}: {self.message}" if self.backend else self.message


class Unreachable(Failure):
    code = "unreachable"
    default_hint = "check that it runs and that the address is right"


class TimedOut(Failure):
    code = "timed_out"
    default_hint = "it is slow or hung; asking again with a growing pause"


class Unauthorized(Failure):
    code = "unauthorized"
    default_hint = "log in again, or check the token"


class Forbidden(Failure):
    code = "forbidden"
    default_hint = "ask for the permission; everything else goes on"


class NotFound(Failure):
    code = "not_found"
    default_hint = "it may have been deleted or renamed"


class Conflict(Failure):
    code = "conflict"
    default_hint = "somebody else changed it meanwhile: look at it again, then decide anew"


class Throttled(Failure):
    code = "throttled"
    default_hint = "the backend asked for a pause; asking again later"


class Rejected(Failure):
    code = "rejected"
    default_hint = "the request was refused as wrong"


class InvalidQuery(Rejected):
    """Only where the backend's own words say so: what a proxy on the way refuses tells nothing of the query."""

    default_hint = "correct the query"


class Faulty(Failure):
    code = "faulty"
    default_hint = "the backend itself is in trouble: look at its log"


class TooLarge(Failure):
    code = "too_large"
    default_hint = "no answer of a healthy backend is that large: is this really the right address?"


class Malformed(Failure):
    code = "malformed"
    default_hint = "is this really the right address, and a supported version?"


def bug(error: BaseException, *, backend: str = "") -> Failure:
    """What to say where modeldeck itself broke."""
    message = f"modeldeck itself broke here ({type(error).__name__})"
    return Failure(message, hint="a bug: please report it with what 2>FILE collects; it is tried again", backend=backend)


def without_traceback(failure: Failure) -> Failure:
    """For who keeps it: the frames would keep whole answers alive for as long."""
    failure.__cause__ = failure.__context__ = None
    return failure.with_traceback(None)


def is_bug(failure: Failure) -> bool:
    return type(failure) is Failure


def failure_from(error: Exception, *, backend: str) -> Failure:
    """The failure that any exception is which came of reading a backend. A wrong value in an answer is the backend's; the rest is a `bug`.

    The text of the exception is never passed on: it may quote what was read, or a secret.
    """
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    match error:
        case Failure():
            return error
        case RecursionError():
            return Malformed("its answer is nested too deep", backend=backend)
        case MemoryError():
            return TooLarge("its answer is too large for the memory of this machine", backend=backend)
        case TimeoutError():
            return TimedOut("no answer in time", backend=backend)
        case OSError():
            return Unreachable((error.strerror or "it cannot be read").lower(), backend=backend)
        case ValueError() | ArithmeticError() | LookupError():
            return Malformed(f"its answer cannot be read ({type(error).__name__})", backend=backend)
        case _:
            return bug(error, backend=backend)
