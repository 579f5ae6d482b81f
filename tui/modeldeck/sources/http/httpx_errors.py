"""httpx' exceptions as Failures. Imported with the transport, but httpx itself only once there is an exception to look at."""

from __future__ import annotations

import ssl
from collections.abc import Callable

from modeldeck.domain.failures import Failure, Malformed, Rejected, TimedOut, Unreachable, failure_from
from modeldeck.sources.common.edge import told
from modeldeck.sources.http import http_errors


def failure_of(error: Exception, *, backend: str, host: str, connect: float, read: float, proxy: Callable[[], str] = str) -> Failure:
    """`connect` and `read`: the timeouts that were set, in seconds. `proxy`: which one stands before the host, "" where none does. Text of
    exceptions is never passed on: it may quote a header."""
    import httpx

    while isinstance(error, ExceptionGroup):  # of addresses that were tried at once
        error = error.exceptions[0]
    if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError) and not _of_tls(error) and (through := proxy()):
        late = isinstance(error, httpx.ConnectTimeout)
        found = http_errors.unconnected(connect, backend=backend) if late else http_errors.broken(error, backend=backend, host=through)
        return Unreachable(f"its proxy {through}: {found.message}", hint=http_errors.PROXY_HINT, backend=backend)
    match error:
        case httpx.ConnectTimeout():
            return http_errors.unconnected(connect, backend=backend)
        case httpx.PoolTimeout():
            return TimedOut("all its connections are busy with requests that hang", backend=backend)
        case httpx.TimeoutException():
            return http_errors.late(read, backend=backend)
        case httpx.ProxyError():
            return Unreachable("the proxy refuses the connection", hint="check HTTPS_PROXY, HTTP_PROXY and NO_PROXY", backend=backend)
        case httpx.UnsupportedProtocol() | httpx.InvalidURL():
            return Rejected("its address is no http:// or https:// URL", hint="check the configured address", backend=backend)
        case UnicodeEncodeError() if error.encoding != "idna":
            return _unsendable(backend)
        case httpx.LocalProtocolError():
            return _unsendable(backend)
        case httpx.RemoteProtocolError() if _is_tls(error):
            return http_errors.wants_tls(backend=backend, host=host)
        case UnicodeError() | OverflowError():  # a label of more than 63 characters, a port beyond 65535
            return http_errors.unusable_address(backend=backend)
        case httpx.RemoteProtocolError() if _is_gibberish(error):
            return http_errors.not_http(backend=backend)
        case httpx.DecodingError():
            return Malformed("a compressed answer that cannot be unpacked", backend=backend)
        case httpx.HTTPError() | httpx.StreamError() | OSError():
            return http_errors.broken(error, backend=backend, host=host)
        case _:
            return told(error, backend)


def unopened(error: Exception, *, backend: str) -> Failure:
    """Why no client could be made: nothing was sent yet, so that the surroundings are at fault. Text of exceptions is not passed on: a
    proxy's address may hold a password."""
    if isinstance(error, ImportError):
        return http_errors.lacking_socks(backend=backend)
    import httpx

    match error:
        case OSError():
            return http_errors.unusable_certificates(error, backend=backend)
        case ValueError() | httpx.InvalidURL():
            return http_errors.unusable_proxy(backend=backend)
        case _:
            return failure_from(error, backend=backend)


def _unsendable(backend: str) -> Rejected:
    return Rejected("the request cannot be sent", hint="a configured header or token holds a character that HTTP forbids", backend=backend)


def is_stale_connection(error: BaseException) -> bool:
    """Whether a request died before any byte of an answer: a kept-alive connection that the server closed while it was idle."""
    import httpx

    return isinstance(error, httpx.ReadError | httpx.WriteError) or (
        isinstance(error, httpx.RemoteProtocolError) and not _is_gibberish(error)
    )


def _is_gibberish(error: BaseException) -> bool:
    """h11 calls what is not HTTP "illegal …"; what was merely cut is told as "disconnected" or "peer closed"."""
    return not any(mark in str(error) for mark in ("disconnected", "peer closed"))


def _of_tls(error: BaseException) -> bool:
    """Whether something was there: through a proxy, that is the backend itself."""
    return any(isinstance(cause, ssl.SSLError) for cause in http_errors.causes(error))


def _is_tls(error: BaseException) -> bool:
    """h11 quotes the bytes that are no HTTP: a TLS alert begins with its record type and version."""
    return r"\x15\x03" in str(error)
