from __future__ import annotations

import pytest

from modeldeck.domain.environments import PrometheusTarget
from modeldeck.sources.http.addresses import is_loopback
from modeldeck.sources.http.transport import Transport
from modeldeck.sources.prometheus.client import PrometheusMetrics
from tests.support.canned import always, canned, response


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "x.localhost", "127.0.0.1", "127.9.9.9:5000", "[::1]:443", "::1"])
def test_ours(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "example.com", "localhost.example.com:80", "10.0.0.1", "[fe80::1]:443", "[broken", "1.2.3.4:x:y"])
def test_not_ours(host: str) -> None:
    assert not is_loopback(host)


async def test_no_proxy_stands_before_ones_own_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    body = b'{"status":"success","data":{"resultType":"vector","result":[]}}'
    async with canned(always(response(body))) as server:
        transport, metrics = Transport("MLflow", server.url), PrometheusMetrics(PrometheusTarget(server.url))
        assert await transport.get("/x") == body
        assert (await metrics.query("up")).samples == ()
        await transport.aclose()
        await metrics.aclose()


async def test_a_proxy_is_used_for_others_and_its_refusal_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with canned(always(response(b"{}"))) as proxy:
        for name in ("HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, proxy.url)
        transport = Transport("MLflow", "http://mlflow.example")
        assert await transport.get("/x") == b"{}"
        await transport.aclose()
    assert proxy.requests[0].startswith(b"GET http://mlflow.example/x ")
