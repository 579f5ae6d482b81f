"""Whatever reading a backend raises is that backend's failure."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from modeldeck.domain.environments import PrometheusTarget
from modeldeck.domain.failures import LONGEST_RETRY_AFTER, Failure, Malformed, NotFound, Rejected, TooLarge, Unreachable, is_bug
from modeldeck.sources.common.edge import raises_failures
from modeldeck.sources.http import http_errors
from modeldeck.sources.http.tls import Tls
from modeldeck.sources.http.transport import Transport
from modeldeck.sources.prometheus.client import PrometheusMetrics
from tests.support.canned import always, canned, response


@raises_failures("here")
class Source:
    async def answer(self, error: BaseException | None) -> str:
        if error is not None:
            raise error
        return "well"

    async def stream(self, error: BaseException | None) -> AsyncIterator[str]:
        try:
            yield "one"
            if error is not None:
                raise error
            yield "two"
        finally:
            self.ended = True


KINDS = [
    (RecursionError(), Malformed),
    (OverflowError("secret"), Malformed),
    (UnicodeDecodeError("utf-8", b"secret", 0, 1, "bad"), Malformed),
    (KeyError("secret"), Malformed),
    (MemoryError(), TooLarge),
    (FileNotFoundError(2, "No such file or directory", "x"), Unreachable),
    (ExceptionGroup("several", [RecursionError()]), Malformed),
]


@pytest.mark.parametrize(("error", "kind"), KINDS)
async def test_an_exception_becomes_a_failure_that_does_not_quote_it(error: Exception, kind: type[Failure]) -> None:
    source = Source()
    with pytest.raises(kind) as told:
        await source.answer(error)
    assert (told.value.backend, "secret" in told.value.message) == ("here", False)
    assert told.value.hint
    with pytest.raises(kind):
        [item async for item in source.stream(error)]
    assert source.ended


async def test_failures_and_cancellation_pass() -> None:
    with pytest.raises(NotFound):
        await Source().answer(NotFound("gone"))
    with pytest.raises(asyncio.CancelledError):
        await Source().answer(asyncio.CancelledError())
    assert await Source().answer(None) == "well"
    assert [item async for item in Source().stream(None)] == ["one", "two"]


async def test_a_bug_is_a_failure_too_but_loud() -> None:
    heard: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: heard.append(context))
    with pytest.raises(Failure) as told:
        await Source().answer(TypeError("a bug"))
    assert is_bug(told.value)
    assert [type(context["exception"]) for context in heard] == [TypeError]


# ── surroundings that are not as they should be ──


async def mlflow(address: str) -> Failure:
    transport = Transport("MLflow", address)
    with pytest.raises(Failure) as told:
        await transport.get("/x")
    await transport.aclose()
    return told.value


async def prometheus(address: str, **parts: str) -> Failure:
    metrics = PrometheusMetrics(PrometheusTarget(address, **parts))  # type: ignore[arg-type]
    with pytest.raises(Failure) as told:
        await metrics.query("up")
    await metrics.aclose()
    return told.value


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    proxies = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
    for name in (*proxies, "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


BACKENDS = [mlflow, prometheus]
ELSEWHERE = "http://192.0.2.1:5"
"""Nobody's address: it is never asked, as the way there is wrong already."""


@pytest.mark.parametrize("ask", BACKENDS)
@pytest.mark.parametrize("proxy", ["http://[::1", "nonsense://user:hunter2@host", "http://user:hunter2@127.0.0.1:999999", "http://:::"])
async def test_a_proxy_that_is_none_is_told(ask: object, proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    failure = await ask(ELSEWHERE)  # type: ignore[operator]
    assert isinstance(failure, Unreachable | Rejected)
    assert "proxy" in failure.message + failure.hint
    assert "hunter2" not in failure.message + failure.hint
    assert not is_bug(failure)


ASKS = """
import asyncio, sys
{first}
from tests.sources.common.test_edge import ELSEWHERE, mlflow, prometheus
for ask in (mlflow, prometheus):
    failure = asyncio.run(ask(ELSEWHERE))
    print(failure.message, "—", failure.hint)
"""


def asked(proxy: str, first: str = "") -> list[str]:
    """What both backends say through a proxy, in a process of its own: whether SOCKS is spoken is settled by the first import."""
    environ = {**os.environ, "ALL_PROXY": proxy, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", ASKS.format(first=first)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_socks_without_its_package_is_told() -> None:
    said = asked("socks5://user:hunter2@127.0.0.1:9", "sys.modules['socksio'] = sys.modules['socks'] = None")
    assert len(said) == 2
    for line in said:
        assert "SOCKS" in line
        assert "pip install" in line
        assert "hunter2" not in line


def test_socks_with_its_package_is_spoken() -> None:
    pytest.importorskip("socksio")
    pytest.importorskip("socks")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        said = asked(f"socks5://127.0.0.1:{nobody.getsockname()[1]}")
    assert ["refused" in line for line in said] == [True, True]


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:999999",
        f"http://{'a' * 70}.invalid:5",
        "http://a..b:5",
        "http://[::1",
        "http://\ud800x",
        "nonsense",
        "ftp://x",
        "http://x\x00y",
    ],
)
@pytest.mark.parametrize("ask", BACKENDS)
async def test_an_address_that_is_none_is_told(ask: object, address: str) -> None:
    failure = await ask(address)  # type: ignore[operator]
    assert isinstance(failure, Unreachable | Rejected)
    assert not is_bug(failure)


@pytest.mark.parametrize("ask", BACKENDS)
async def test_a_file_of_authorities_that_is_gone_is_told(ask: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, str(tmp_path / "gone.pem"))
    failure = await ask("https://192.0.2.1:5")  # type: ignore[operator]
    assert isinstance(failure, Unreachable)
    assert "certificate" in failure.message
    assert "SSL_CERT_FILE" in failure.message + failure.hint


@pytest.mark.parametrize("tls", [Tls(ca_path="gone"), Tls(ca_pem="x"), Tls(ca_pem="\ufffd"), Tls(ca_path="\x00"), Tls(cert_path="gone")])
async def test_certificates_that_cannot_be_used_are_told(tls: Tls) -> None:
    transport = Transport("MLflow", "https://127.0.0.1:9", tls=tls)
    with pytest.raises(Unreachable, match="certificate"):
        await transport.get("/x")
    await transport.aclose()


async def test_authorities_that_vanish_while_it_runs_are_told(tmp_path: Path) -> None:
    authorities = tmp_path / "ca.pem"
    authorities.write_text("no certificate")
    async with canned(always(response())) as server:
        failure = await prometheus(server.url.replace("http:", "https:"), ca_path=str(authorities))
    assert isinstance(failure, Unreachable)
    assert "certificate" in failure.message


# ── pauses that are asked for ──


@pytest.mark.parametrize("text", ["1000000000", "9" * 5000, "Fri, 31 Dec 9999 23:59:59 GMT"], ids=["years", "digits", "a far date"])
def test_a_pause_is_capped_and_told(text: str) -> None:
    failure = http_errors.refusal(429, b"", {"retry-after": text}, backend="any", host="")
    assert failure.retry_after == LONGEST_RETRY_AFTER
    assert "5 minutes" in failure.hint


NO_PAUSES = ["", "soon", "-5", "1e9", "٣", "Thu, 99999999999999999999 Jan 2020 00:00:00 GMT", "Fri, 31 Dec 99999 23:59:59 GMT"]


@pytest.mark.parametrize("text", NO_PAUSES)
def test_what_is_no_pause_is_none(text: str) -> None:
    assert http_errors.refusal(503, b"", {"retry-after": text}, backend="any", host="").retry_after is None


def test_a_pause_is_told() -> None:
    assert "40 s" in http_errors.refusal(429, b"", {"retry-after": "40"}, backend="any", host="").hint
