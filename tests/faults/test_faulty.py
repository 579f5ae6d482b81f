"""The proxy itself: what it breaks really breaks, on both sides of TLS, and on connections that stand already."""

from __future__ import annotations

import asyncio
import ssl

import pytest

from modeldeck.domain.failures import Failure, Faulty, TimedOut, Unreachable
from modeldeck.sandbox.processes import certificates
from modeldeck.sources.http.tls import Tls
from modeldeck.sources.http.transport import Timeouts, Transport
from tests.support.canned import always, canned, response
from tests.support.faulty import FaultyProxy


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> certificates.Certificates:
    return certificates.ensure(tmp_path_factory.mktemp("keys"), "test")


def serving(keys: certificates.Certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(keys.certificate, keys.key)
    return context


def dialling(keys: certificates.Certificates) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(keys.authority))


def client(proxy: FaultyProxy, keys: certificates.Certificates) -> Transport:
    return Transport("Kubernetes", proxy.url, tls=Tls(ca_path=str(keys.authority)), timeouts=Timeouts(2.0, 1.5, 20.0))


async def test_bytes_of_tls_pass_through_and_break(keys: certificates.Certificates) -> None:
    async with (
        canned(always(response(b"x" * 5000))) as server,
        FaultyProxy(("127.0.0.1", server.port), tls=serving(keys)) as tls_server,
        FaultyProxy(("127.0.0.1", tls_server.port), raw=True) as proxy,
    ):
        transport = client(proxy, keys)
        assert len(await transport.get("/x")) == 5000
        proxy.cut(after=4000)
        with pytest.raises(Unreachable):
            await transport.get("/x")
        await proxy.stop()
        with pytest.raises(Unreachable, match="refused"):
            await transport.get("/x")
        await proxy.heal()
        assert len(await transport.get("/x")) == 5000
        proxy.hang()
        with pytest.raises(Failure):
            await transport.get("/x")
        await proxy.heal()
        assert len(await transport.get("/x")) == 5000
        await transport.aclose()


async def test_behind_tls_of_its_own_it_answers_errors_for_some_paths_only(keys: certificates.Certificates) -> None:
    async with (
        canned(always(response(b"behind"))) as server,
        FaultyProxy(("127.0.0.1", server.port), tls=serving(keys)) as tls_server,
        FaultyProxy(("127.0.0.1", tls_server.port), tls=serving(keys), target_tls=dialling(keys)) as proxy,
    ):
        transport = client(proxy, keys)
        proxy.answer(503, only="/api")
        assert await transport.get("/other") == b"behind"
        with pytest.raises(Faulty):
            await transport.get("/api/v1/pods")
        assert proxy.paths == ["/other", "/api/v1/pods"]
        await transport.aclose()


async def test_a_stream_that_stands_falls_silent_when_it_hangs_and_breaks_when_it_heals() -> None:
    more = asyncio.Event()

    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nfirst\n")
        await writer.drain()
        await more.wait()
        writer.write(b"second\n")
        writer.close()

    async with canned(stream) as server, FaultyProxy(("127.0.0.1", server.port)) as proxy:
        transport = Transport("Kubernetes", proxy.url)
        async with transport.lines("/watch", silence=1.0) as lines:
            assert await anext(lines) == b"first"
            proxy.hang()
            more.set()
            with pytest.raises(TimedOut):
                await anext(lines)
        await proxy.heal()
        async with transport.lines("/watch", silence=5) as lines:
            assert [line async for line in lines] == [b"first", b"second"]
            proxy.hang()
        await transport.aclose()
