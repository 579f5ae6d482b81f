"""httpx' exceptions, told as failures that quote none of them."""

from __future__ import annotations

import ssl

import httpx
import pytest

from modeldeck.domain.failures import Failure, Malformed, Rejected, TimedOut, Unreachable
from modeldeck.sources.http.httpx_errors import failure_of, is_stale_connection, unopened

SECRET = "Bearer hunter2"


def told(error: Exception, proxy: str = "") -> Failure:
    return failure_of(error, backend="MLflow", host="mlflow.example", connect=2.0, read=5.0, proxy=lambda: proxy)


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (httpx.ConnectTimeout(SECRET), Unreachable, "no connection within 2 s"),
        (httpx.ReadTimeout(SECRET), TimedOut, "5 s"),
        (httpx.PoolTimeout(SECRET), TimedOut, "all its connections are busy"),
        (httpx.ConnectError(SECRET), Unreachable, ""),
        (httpx.ProxyError(SECRET), Unreachable, "the proxy refuses the connection"),
        (httpx.UnsupportedProtocol(SECRET), Rejected, "its address is no http:// or https:// URL"),
        (httpx.InvalidURL(SECRET), Rejected, "its address is no http:// or https:// URL"),
        (httpx.LocalProtocolError(SECRET), Rejected, "the request cannot be sent"),
        (UnicodeEncodeError("ascii", SECRET, 0, 1, SECRET), Rejected, "the request cannot be sent"),
        (UnicodeEncodeError("idna", SECRET, 0, 1, SECRET), Rejected, ""),
        (OverflowError(SECRET), Rejected, ""),
        (httpx.RemoteProtocolError(f"illegal status line {SECRET}"), Malformed, ""),
        (httpx.RemoteProtocolError("peer closed connection"), Unreachable, ""),
        (httpx.DecodingError(SECRET), Malformed, "a compressed answer that cannot be unpacked"),
        (httpx.ReadError(SECRET), Unreachable, ""),
        (ExceptionGroup("several", [httpx.ReadTimeout(SECRET)]), TimedOut, ""),
    ],
)
def test_each_is_its_failure_in_our_words(error: Exception, kind: type[Failure], message: str) -> None:
    failure = told(error)
    assert type(failure) is kind
    assert message in failure.message
    assert "hunter2" not in str(failure) + failure.hint
    assert failure.backend == "MLflow"


def test_a_server_that_wants_tls_is_told_so() -> None:
    assert (
        "https"
        in str(told(httpx.RemoteProtocolError(r"illegal status line: b'\x15\x03\x01'")))
        + told(httpx.RemoteProtocolError(r"illegal status line: b'\x15\x03\x01'")).hint
    )


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ConnectTimeout("late")])
def test_a_proxy_that_is_away_is_blamed_by_its_name(error: Exception) -> None:
    assert told(error, "proxy.example:3128").message.startswith("its proxy proxy.example:3128: ")
    assert "proxy" not in told(error).message


def test_who_answered_in_tls_was_there_whatever_stands_between() -> None:
    error = httpx.ConnectError("handshake")
    error.__cause__ = ssl.SSLError(1, "bad certificate")
    assert "proxy.example" not in told(error, "proxy.example:3128").message


def test_before_anything_was_sent_the_surroundings_are_at_fault() -> None:
    for error in (ImportError("socksio"), FileNotFoundError(2, "No such file"), ValueError(SECRET), httpx.InvalidURL(SECRET)):
        failure = unopened(error, backend="MLflow")
        assert failure.backend == "MLflow"
        assert "hunter2" not in str(failure) + failure.hint


@pytest.mark.parametrize(
    ("error", "stale"),
    [
        (httpx.ReadError(""), True),
        (httpx.WriteError(""), True),
        (httpx.RemoteProtocolError("Server disconnected without sending a response."), True),
        (httpx.RemoteProtocolError("illegal status line"), False),
        (httpx.ReadTimeout(""), False),
        (httpx.ConnectError(""), False),
    ],
)
def test_a_connection_that_was_idle_too_long_may_be_opened_again(error: Exception, stale: bool) -> None:
    assert is_stale_connection(error) == stale
