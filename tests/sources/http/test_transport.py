from __future__ import annotations

import asyncio
import gc
import gzip
import socket
import ssl
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from modeldeck.domain.environments import Secret
from modeldeck.domain.failures import (
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
from modeldeck.sandbox.processes import certificates
from modeldeck.sources.http import http_errors
from modeldeck.sources.http.credentials import Bearer
from modeldeck.sources.http.tls import Tls
from modeldeck.sources.http.transport import Timeouts, Transport
from tests.support.canned import always, canned, response
from tests.support.faulty import FaultyProxy

QUICK = Timeouts(connect=2.0, read=0.05, total=5.0)


def explain(body: bytes) -> str:
    return str(msgspec.json.decode(body)["message"]) if body.startswith(b"{") else ""


async def failure_of(transport: Transport, path: str = "/x") -> Failure:
    with pytest.raises(Failure) as caught:
        await transport.get(path)
    await transport.aclose()
    return caught.value


async def test_a_get_sends_parameters_headers_and_credentials() -> None:
    async with canned(always(response(b'{"a":1}'))) as server:
        transport = Transport("MLflow", server.url + "/prefix/", headers={"X-Tenant": "blue"}, credentials=Bearer(Secret("tok")))
        assert await transport.get("/p", params={"a": "1 2", "many": ["x", "y"], "watch": True}) == b'{"a":1}'
        await transport.aclose()
    head = server.requests[0].decode()
    assert head.startswith("GET /prefix/p?a=1%202&many=x&many=y&watch=true HTTP/1.1\r\n") or "a=1+2" in head
    assert "Authorization: Bearer tok" in head
    assert "X-Tenant: blue" in head


async def test_posts_send_json_and_patches_their_own_content_type() -> None:
    async with canned(always(response())) as server:
        transport = Transport("MLflow", server.url)
        await transport.post("/p", {"a": [1]})
        await transport.patch("/p", {"b": None}, headers={"Content-Type": "application/merge-patch+json"})
        await transport.aclose()
    assert b"application/json" in server.requests[0]
    assert server.requests[0].endswith(b'{"a":[1]}')
    assert b"application/merge-patch+json" in server.requests[1]
    assert server.requests[1].count(b"ontent-") == 2  # type and length, once each


async def test_userinfo_of_the_address_becomes_credentials_and_shows_nowhere() -> None:
    async with canned(always(response())) as server:
        transport = Transport("MLflow", server.url.replace("http://", "http://me:s3cret%21@"))
        await transport.get("/x")
        await transport.aclose()
    assert "s3cret" not in repr(transport) + transport.base_url + transport.host
    assert b"Authorization: Basic bWU6czNjcmV0IQ==" in server.requests[0]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("401 Unauthorized", Unauthorized),
        ("403 Forbidden", Forbidden),
        ("404 Not Found", NotFound),
        ("400 Bad Request", Rejected),
        ("422 Unprocessable Entity", Rejected),
        ("429 Too Many Requests", Throttled),
        ("500 Internal Server Error", Faulty),
        ("503 Service Unavailable", Faulty),
    ],
)
async def test_a_status_is_its_failure_in_the_servers_own_words(status: str, kind: type[Failure]) -> None:
    async with canned(always(response(b'{"message": "because  of\\nthat"}', status, "Retry-After: 9"))) as server:
        failure = await failure_of(Transport("MLflow", server.url, explain=explain))
    assert type(failure) is kind
    assert (failure.message, failure.backend) == ("because of that", "MLflow")
    assert failure.retry_after == (9.0 if kind is Throttled or status.startswith("503") else None)


@pytest.mark.parametrize(("status", "kind"), [("401 Unauthorized", Unauthorized), ("403 Forbidden", Forbidden)])
@pytest.mark.parametrize("balancer", [False, True])
async def test_a_refusal_right_after_the_backend_was_away_is_not_believed_yet(status: str, kind: type[Failure], balancer: bool) -> None:
    now = 100.0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        if number != 1:
            writer.write(response(b'{"message": "no such role"}', status))
        elif balancer:
            writer.write(response(b"", "503 Service Unavailable"))
        else:
            raise ConnectionError

    async with canned(talk) as server:
        transport = Transport("Kubernetes", server.url, explain=explain, settling=15.0, monotonic=lambda: now)
        failures = []
        for _ in range(5):
            with pytest.raises(Failure) as caught:
                await transport.get("/x")
            failures.append(caught.value)
            now += 5.0
        await transport.aclose()
    assert [type(failure) for failure in failures] == [kind, Faulty, Faulty, Faulty, kind]
    assert failures[2].message == "it was away a moment ago, and refuses: no such role"


async def test_a_server_behind_this_one_that_is_away_says_nothing_of_this_one() -> None:
    """Of an answer through a proxy: who refused tells, and only this backend's own refusals may pass by themselves."""

    def refused(status: int, body: bytes, headers: Mapping[str, str]) -> Failure:
        assert headers["content-type"] == "text/plain"
        return http_errors.refusal(status, body, headers, backend="Kubernetes" if b"own" in body else "Prometheus", host="h")

    async def of(transport: Transport, **more: Any) -> Failure:
        with pytest.raises(Failure) as caught:
            await transport.send("GET", "/x", **more)
        return caught.value

    away, own, behind_it = (b"away", "503 Away"), (b"no role, own", "403 No"), (b"no role", "403 No")
    answers = [away, own, away, own, behind_it]

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(response(*answers[number], "Content-Type: text/plain"))

    async with canned(talk) as server:
        transport = Transport("Kubernetes", server.url, settling=15.0, monotonic=lambda: 100.0)
        behind = [await of(transport, refused=refused), await of(transport, refused=refused)]
        assert [(type(one), one.backend) for one in behind] == [(Faulty, "Prometheus"), (Forbidden, "Kubernetes")]
        await of(transport)  # away itself
        after = [await of(transport, refused=refused), await of(transport, refused=refused)]
        assert [(type(one), one.backend) for one in after] == [(Faulty, "Kubernetes"), (Forbidden, "Prometheus")]
        await transport.aclose()


async def test_without_words_of_its_own_a_status_is_named() -> None:
    async with canned(always(response(b"<html>", "502 Bad Gateway", "Content-Type: text/html"))) as server:
        assert (await failure_of(Transport("MLflow", server.url, explain=explain))).message == "502 Bad Gateway"
    async with canned(always(response(b"try later", "502 Bad Gateway", "Content-Type: text/plain"))) as server:
        assert (await failure_of(Transport("MLflow", server.url, explain=explain))).message == "try later"


async def test_a_servers_words_never_reach_a_terminal_as_an_instruction() -> None:
    body = msgspec.json.encode({"message": "a\x1b]0;x\x07b\u202egnp\r\nc" + "x" * 5000})
    async with canned(always(response(body, "400 Bad Request"))) as server:
        failure = await failure_of(Transport("MLflow", server.url, explain=explain))
    assert failure.message.startswith("a ]0;x b gnp c")
    assert failure.message.isprintable()
    assert len(failure.message) <= 600


async def test_a_secret_that_the_server_repeats_is_taken_out() -> None:
    async with canned(always(response(b'{"message": "token tok-123456 is unknown"}', "401 Unauthorized"))) as server:
        failure = await failure_of(Transport("MLflow", server.url, credentials=Bearer(Secret("tok-123456")), explain=explain))
    assert failure.message == "token … is unknown"


async def test_a_token_that_http_forbids_is_refused_without_being_told() -> None:
    async with canned(always(response())) as server:
        failure = await failure_of(Transport("MLflow", server.url, credentials=Bearer(Secret("to\nken-123"))))
    assert isinstance(failure, Rejected)
    assert "ken-123" not in failure.message + failure.hint


async def test_the_allowed_hosts_check_is_explained() -> None:
    body = b"Invalid Host header - possible DNS rebinding attack detected"
    async with canned(always(response(body, "403 Forbidden", "Content-Type: text/plain"))) as server:
        failure = await failure_of(Transport("MLflow", server.url))
        assert isinstance(failure, Forbidden)
        assert f"127.0.0.1:{server.port}" in failure.hint
        assert "--allowed-hosts" in failure.hint


async def test_redirects_are_told_and_not_followed() -> None:
    answer = response(b"", "302 Found", "Location: https://login.example/sso?client=secret")
    async with canned(always(answer)) as server:
        failure = await failure_of(Transport("MLflow", server.url, credentials=Bearer(Secret("tok"))))
    assert (type(failure), failure.message) == (Rejected, "redirected (302) to https://login.example")
    assert len(server.requests) == 1


async def test_refused() -> None:
    async with canned(always(response())) as server:
        pass
    assert (await failure_of(Transport("MLflow", server.url))).message == "connection refused"


@pytest.mark.parametrize("proxy", ["http://me:secret@127.0.0.1:9", "socks5://127.0.0.1:9", "http://nowhere.invalid:9"])
@pytest.mark.parametrize("variable", ["", "ALL_PROXY"])
async def test_a_proxy_that_is_away_is_not_told_as_the_backend(proxy: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    if variable:
        monkeypatch.setenv(variable, proxy)
    failure = await failure_of(Transport("MLflow", "http://mlflow.example", proxy=None if variable else proxy))
    assert isinstance(failure, Unreachable)
    assert failure.message.startswith(f"its proxy {proxy.rpartition('/')[2].rpartition('@')[2]}: ")
    assert "mlflow.example" not in failure.message
    assert "PROXY" in failure.hint


async def test_no_proxy_is_blamed_where_none_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert (await failure_of(Transport("MLflow", "http://127.0.0.1:9"))).message == "connection refused"
    monkeypatch.setenv("NO_PROXY", "nowhere.invalid")
    monkeypatch.setenv("no_proxy", "nowhere.invalid")
    assert (await failure_of(Transport("MLflow", "http://nowhere.invalid:9"))).message == "host not found: nowhere.invalid:9"


async def test_unknown_host_and_nonsense_addresses() -> None:
    assert (await failure_of(Transport("MLflow", "http://no-such-host.invalid"))).message == "host not found: no-such-host.invalid"
    for address in ("ftp://me:s3cret@x", "http://me:s3cret@[bad", "nothing"):
        failure = await failure_of(Transport("MLflow", address))
        assert isinstance(failure, Rejected)
        assert "s3cret" not in failure.message + failure.hint


async def test_a_server_that_never_answers_times_out() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await reader.read()

    async with canned(silent) as server:
        failure = await failure_of(Transport("MLflow", server.url, timeouts=QUICK))
    assert (type(failure), failure.message) == (TimedOut, "no answer within 0.05 s")


async def test_a_server_that_drips_meets_the_deadline() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with canned(drip) as server:
        failure = await failure_of(Transport("MLflow", server.url, timeouts=Timeouts(2.0, 5.0, 0.2)))
    assert (type(failure), failure.message) == (TimedOut, "no complete answer within 0.2 s")


async def test_cut_mid_answer() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a":')
        writer.close()

    async with canned(cut) as server:
        failure = await failure_of(Transport("MLflow", server.url))
    assert (type(failure), failure.message) == (Unreachable, "the connection was cut before the answer was complete")
    assert len(server.requests) == 1  # an answer had begun: not asked again


async def test_what_is_no_http_is_malformed() -> None:
    async with canned(always(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")) as server:
        failure = await failure_of(Transport("MLflow", server.url))
    assert (type(failure), failure.message) == (Malformed, "it does not answer in HTTP")


async def test_a_connection_that_died_while_idle_is_replaced_for_reads_only() -> None:
    async def answers_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        if number % 2 == 0:
            writer.write(response())
        else:
            writer.close()  # after the request came in: nobody can know whether it was carried out

    async with canned(answers_once) as server:
        transport = Transport("MLflow", server.url)
        await transport.get("/first")
        await transport.get("/second")
        assert len(server.requests) == 3
        with pytest.raises(Unreachable):
            await transport.post("/write", {})
        assert len(server.requests) == 4
        await transport.aclose()


class Renewable:
    def __init__(self) -> None:
        self.token = "old"
        self.renewals = 0

    async def headers(self, *, renew: bool) -> Mapping[str, str]:
        if renew:
            self.renewals += 1
            self.token = "new"
        return {"Authorization": f"Bearer {self.token}"}


async def test_credentials_are_renewed_once_after_a_401() -> None:
    async def knows_new(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(response() if b"Bearer new" in server.requests[-1] else response(b"", "401 Unauthorized"))

    async with canned(knows_new) as server:
        credentials = Renewable()
        transport = Transport("Kubernetes", server.url, credentials=credentials)
        await transport.patch("/x", {})
        await transport.get("/x")
        await transport.aclose()
    assert (credentials.renewals, len(server.requests)) == (1, 3)


async def test_a_401_that_stays_is_told_after_one_renewal() -> None:
    async with canned(always(response(b"", "401 Unauthorized"))) as server:
        credentials = Renewable()
        assert isinstance(await failure_of(Transport("Kubernetes", server.url, credentials=credentials)), Unauthorized)
    assert (credentials.renewals, len(server.requests)) == (1, 2)


async def test_a_cancelled_call_closes_its_connection() -> None:
    closed = asyncio.Event()

    async def watch(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await reader.read()
        closed.set()

    async with canned(watch) as server:
        transport = Transport("MLflow", server.url)
        call = asyncio.create_task(transport.get("/x"))
        async with asyncio.timeout(10):
            while not server.requests:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            call.cancel()
            await closed.wait()
        await transport.aclose()


async def test_lines_come_as_they_are_sent_and_split_at_newlines_only() -> None:
    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for piece in (b"fir", b"st\nsec\xe2\x80\xa8ond\r\n\nlast"):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)
        writer.close()

    async with canned(stream) as server:
        transport = Transport("Kubernetes", server.url)
        async with transport.lines("/watch", silence=5) as lines:
            assert [line async for line in lines] == [b"first", "sec\u2028ond".encode(), b"", b"last"]
        await transport.aclose()


async def test_a_stream_that_falls_silent_times_out_and_one_that_is_refused_says_why() -> None:
    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        if number == 0:
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\na\n\r\n")
        else:
            writer.write(response(b'{"message": "not you"}', "403 Forbidden"))

    async with canned(stream) as server:
        transport = Transport("Kubernetes", server.url, explain=explain)
        async with transport.lines("/watch", silence=0.5) as lines:
            assert await anext(lines) == b"a"
            with pytest.raises(TimedOut):
                await anext(lines)
        with pytest.raises(Forbidden, match="not you"):
            await transport.lines("/watch", silence=5).__aenter__()
        await transport.aclose()


async def test_compressed_answers_are_unpacked_and_broken_ones_told() -> None:
    async with canned(always(response(gzip.compress(b'{"a":1}'), "200 OK", "Content-Encoding: gzip"))) as server:
        transport = Transport("MLflow", server.url)
        assert await transport.get("/x") == b'{"a":1}'
        await transport.aclose()
    async with canned(always(response(b"no gzip", "200 OK", "Content-Encoding: gzip"))) as server:
        assert isinstance(await failure_of(Transport("MLflow", server.url)), Malformed)


async def test_a_closed_transport_says_so() -> None:
    transport = Transport("MLflow", "http://127.0.0.1:1")
    await transport.aclose()
    with pytest.raises(Unreachable, match="closed"):
        await transport.get("/x")


def test_importing_the_transport_imports_no_http_client() -> None:
    program = """
import sys, modeldeck.sources.http.transport, modeldeck.sources.prometheus.client, modeldeck.sources.mlflow.opening
print([name for name in ("httpx", "requests", "mlflow") if name in sys.modules])
"""
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60).stdout == "[]\n"


# ── TLS ──


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> certificates.Certificates:
    return certificates.ensure(tmp_path_factory.mktemp("keys"), "test")


def server_context(keys: certificates.Certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(keys.certificate, keys.key)
    return context


async def test_a_private_authority_is_trusted_when_named_and_else_refused_in_words(keys: certificates.Certificates) -> None:
    async with canned(always(response())) as server, FaultyProxy(("127.0.0.1", server.port), tls=server_context(keys)) as proxy:
        trusted = Transport("Kubernetes", proxy.url, tls=Tls(ca_path=str(keys.authority)))
        inline = Transport("Kubernetes", proxy.url, tls=Tls(ca_pem=keys.authority.read_text()))
        careless = Transport("Kubernetes", proxy.url, tls=Tls(verify=False))
        for transport in (trusted, inline, careless):
            assert await transport.get("/x") == b"{}"
            await transport.aclose()
        failure = await failure_of(Transport("Kubernetes", proxy.url))
        assert isinstance(failure, Unreachable)
        assert "not trusted" in failure.message
        other_name = await failure_of(
            Transport("Kubernetes", proxy.url, tls=Tls(ca_path=str(keys.authority)), server_name="elsewhere.example")
        )
        assert "not trusted" in other_name.message


async def test_https_to_a_server_that_speaks_http(keys: certificates.Certificates) -> None:
    async with canned(always(response())) as server:
        failure = await failure_of(Transport("MLflow", server.url.replace("http:", "https:"), timeouts=Timeouts(1.0, 1.0, 5.0)))
    assert isinstance(failure, Unreachable)


def test_httpx_comes_without_its_command_line_and_leaves_no_trace_of_that() -> None:
    program = """
import sys
from modeldeck.sources.http.httpx_import import load_httpx
load_httpx()
assert "httpx" in sys.modules and "click" not in sys.modules and "httpx._main" not in sys.modules
load_httpx()
import httpx, httpx._main
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this kernel cannot be told to give a request up")
async def test_the_kernel_gives_a_request_up_before_its_caller_does() -> None:
    """Else one that timed out while the cable was pulled would still arrive, a minute after it was believed lost."""
    async with canned(always(response())) as server:
        transport = Transport("MLflow", server.url)
        await transport.get("/x")
        (mine,) = [one for one in gc.get_objects() if type(one) is socket.socket and _peer(one) == ("127.0.0.1", server.port)]
        given = mine.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) / 1000
        await transport.aclose()
    assert 0 < given < transport.timeouts.read


def _peer(one: socket.socket) -> object:
    try:
        return one.getpeername()
    except OSError:
        return None
