"""What went wrong on the wire, as a Failure: HTTP statuses and broken connections, each in clean words.

No text here ever holds userinfo, a query string or a header: those may carry secrets.
"""

from __future__ import annotations

import errno
import http
import math
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from modeldeck.domain.failures import (
    LONGEST_RETRY_AFTER,
    Conflict,
    Failure,
    Faulty,
    Forbidden,
    Malformed,
    NotFound,
    Rejected,
    Throttled,
    TimedOut,
    Unauthorized,
    Unreachable,
)

Explain = Callable[[bytes], str]
"""Takes a backend's error body and answers its own message, or "" where the body holds none."""

_LONGEST = 600


def no_explanation(body: bytes) -> str:
    return ""


def host_of(url: str) -> str:
    """`host:port` without userinfo, for words."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def refusal(status: int, body: bytes, headers: Mapping[str, str], *, backend: str, host: str, explain: Explain = no_explanation) -> Failure:
    """The failure that an answer with this status is, in `explain`'s words, else a short plain text's, else the status'.

    `headers` with names in lower case.
    """
    if b"Invalid Host header" in body[:400]:
        return Forbidden(
            "it does not accept this host name (Invalid Host header)",
            hint=f"add {host} to what the server allows: mlflow server --allowed-hosts",
            backend=backend,
        )
    if status == 400 and any(mark in body[:1000] for mark in _WANTS_TLS):
        return wants_tls(backend=backend, host=host)
    if 300 <= status < 400:
        return _redirected(status, headers.get("location", ""), backend)
    told = explain(body)
    message = printable(told or _plain(body, headers)) or _status_words(status)
    if status == 404 and not told:
        return NotFound(
            message, hint=f"nothing here answers like {backend or 'this backend'}: check the address", backend=backend, status=status
        )
    if status == 403 and b"NamespaceTerminating" in body:
        hint = "its namespace is being deleted: wait until it is gone, or use another one"
        return Rejected(message, hint=hint, backend=backend, status=status)
    kind = _KINDS.get(status) or (Faulty if status >= 500 else Rejected)
    if status in (429, 503):
        asked = retry_after(headers.get("retry-after", ""))
        return kind(message, hint=_pause_hint(asked), backend=backend, retry_after=asked, status=status)
    return kind(message, backend=backend, status=status)


_WANTS_TLS = (b"plain HTTP request was sent to HTTPS port", b"HTTP request to an HTTPS server", b"speaking plain HTTP to an SSL-enabled")
# As nginx, Go and Apache say it.


def wants_tls(*, backend: str, host: str) -> Failure:
    return Unreachable(f"{host} speaks TLS", hint="try https:// instead of http://", backend=backend)


_KINDS: Mapping[int, type[Failure]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    407: Unauthorized,
    409: Conflict,
    429: Throttled,
}


def printable(text: str) -> str:
    """A backend's own words on one line, without anything that a terminal could take for an instruction (or a reader for other text)."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text[: 2 * _LONGEST]).split())[:_LONGEST]


def _plain(body: bytes, headers: Mapping[str, str]) -> str:
    if len(body) > _LONGEST or not headers.get("content-type", "").startswith("text/plain"):
        return ""
    return body.decode("utf-8", "replace")


def _status_words(status: int) -> str:
    try:
        return f"{status} {http.HTTPStatus(status).phrase}"
    except ValueError:
        return f"status {status}"


def _redirected(status: int, location: str, backend: str) -> Failure:
    """Redirects are not followed: credentials would go to a place that nobody configured."""
    scheme, host = location.partition("://")[0], host_of(location)
    there = f"{scheme}://{host}" if host else "elsewhere"
    return Rejected(
        f"redirected ({status}) to {printable(there)}",
        hint="if this is the right place, give it as the address; a login page needs a token",
        backend=backend,
    )


def _pause_hint(asked: float | None) -> str:
    """For how long it will not be asked, where it wants that."""
    if not asked:
        return ""
    if asked > LONGEST_RETRY_AFTER:
        minutes = f"{LONGEST_RETRY_AFTER / 60:.0f} minutes"
        return f"it asked for a pause of more than {minutes}; asking again after {minutes}"
    return f"it asked for a pause of {math.ceil(asked)} s; asking again then"


def retry_after(text: str) -> float | None:
    """Seconds from a Retry-After header, which holds seconds or a date; None where it holds neither."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


def broken(error: BaseException, *, backend: str, host: str) -> Failure:
    """The failure behind a broken connection, from whichever exception in its chain knows the reason."""
    # anyio and requests wrap the real reason in OSErrors that have no number.
    chain = [
        cause for cause in causes(error) if not isinstance(cause, OSError) or cause.errno is not None or isinstance(cause, ssl.SSLError)
    ]
    for kind, translate in _REASONS:
        for cause in chain:
            if isinstance(cause, kind):
                message, hint = translate(cause, host)
                return Unreachable(message, hint=hint, backend=backend)
    return Unreachable("the connection was cut before the answer was complete", backend=backend)


def causes(error: BaseException | None, seen: frozenset[int] = frozenset()) -> Iterator[BaseException]:
    """An exception and all that caused it: causes, contexts and the members of groups."""
    if error is None or id(error) in seen:
        return
    seen |= {id(error)}
    yield error
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from causes(member, seen)
    yield from causes(error.__cause__ or error.__context__, seen)
    for argument in error.args:  # urllib3 hands its reason on as an argument
        if isinstance(argument, BaseException):
            yield from causes(argument, seen)


def _certificate(error: BaseException, host: str) -> tuple[str, str]:
    reason = getattr(error, "verify_message", "") or "it cannot be verified"
    return f"certificate of {host} not trusted: {reason}", "configure the authority's certificate, or another address"


def _tls(error: BaseException, host: str) -> tuple[str, str]:
    reason = getattr(error, "reason", "") or ""
    if reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"):
        return f"{host} does not speak TLS", "try http:// instead of https://"
    return f"TLS failed: {str(reason).replace('_', ' ').lower() or 'the connection was closed'}", "check certificates and the address"


def _unknown_host(error: BaseException, host: str) -> tuple[str, str]:
    return f"host not found: {host}", "check the spelling, the VPN and DNS"


def _os_words(error: BaseException, host: str) -> tuple[str, str]:
    number = getattr(error, "errno", None)
    message = _OS_WORDS.get(number) if number is not None else None
    return message or (getattr(error, "strerror", "") or "no connection").lower(), ""


_OS_WORDS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "the connection was cut before the answer was complete",
    errno.EPIPE: "the connection was cut before the answer was complete",
    errno.ETIMEDOUT: "no connection: timed out",
    errno.EHOSTUNREACH: "no route to the host",
    errno.ENETUNREACH: "network unreachable",
    errno.EMFILE: "too many open files here",
}


_Translate = Callable[[BaseException, str], tuple[str, str]]
_REASONS: tuple[tuple[type, _Translate], ...] = (
    (ssl.SSLCertVerificationError, _certificate),
    (ssl.SSLError, _tls),
    (socket.gaierror, _unknown_host),
    (OSError, _os_words),
)


def late(seconds: float, *, backend: str, whole: bool = False) -> TimedOut:
    """Connected, but no (`whole`: no complete) answer in time."""
    return TimedOut(f"no {'complete ' if whole else ''}answer within {seconds:g} s", backend=backend)


def unconnected(seconds: float, *, backend: str) -> Unreachable:
    return Unreachable(f"no connection within {seconds:g} s", backend=backend)


def not_http(*, backend: str) -> Malformed:
    return Malformed("it does not answer in HTTP", hint="does it speak TLS? then its address begins with https://", backend=backend)


PROXY_HINT = "check HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, or proxy-url in the kubeconfig"


def unusable_address(*, backend: str) -> Rejected:
    message = "its address holds no host and port that can be looked up"
    return Rejected(message, hint="check the configured address, and that of its proxy", backend=backend)


def unusable_proxy(*, backend: str) -> Unreachable:
    return Unreachable("the address of its proxy cannot be used", hint=PROXY_HINT, backend=backend)


def lacking_socks(*, backend: str) -> Unreachable:
    return Unreachable(
        "its proxy speaks SOCKS, for which a package is missing",
        hint="pip install 'httpx[socks]' 'requests[socks]', or use an HTTP proxy",
        backend=backend,
    )


def unusable_certificates(error: OSError, *, backend: str) -> Unreachable:
    reason = error.strerror or getattr(error, "reason", "") or "they cannot be read"
    where = f": {error.filename}" if isinstance(error.filename, str) else ""
    return Unreachable(
        f"certificates cannot be used{where}: {str(reason).lower()}",
        hint="check the configured certificates, SSL_CERT_FILE, SSL_CERT_DIR and REQUESTS_CA_BUNDLE",
        backend=backend,
    )
