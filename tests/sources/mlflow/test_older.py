"""Servers that know less than the newest, and what stands in front of them."""

from __future__ import annotations

import asyncio
import re

import msgspec
import pytest

from modeldeck.domain.environments import MlflowTarget
from modeldeck.domain.failures import Failure, Malformed, Rejected, Unreachable
from modeldeck.domain.mlflow.registry import ModelVersion
from modeldeck.sources.mlflow.opening import Mlflow, open_mlflow
from tests.support.canned import canned, response

PAGE = b"<!doctype html><title>404 Not Found</title>"


def asked(requests: list[bytes]) -> list[str]:
    return [request.split(b" ", 2)[1].decode().partition("?")[0].removeprefix("/api/2.0/mlflow/") for request in requests]


async def test_a_server_that_samples_no_history_is_asked_for_its_pages_and_remembered() -> None:
    pages = {b"": (range(100), "next"), b"next": (range(100, 180), None)}

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        request = server.requests[-1]
        if b"get-history-bulk-interval" in request:
            writer.write(response(PAGE, "404 NOT FOUND", "Content-Type: text/html"))
        elif b"runs/get" in request:
            writer.write(response(b'{"run": {"info": {"run_id": "r"}}}'))
        else:
            steps, token = pages[b"next" if b"page_token=next" in request else b""]
            metrics = [{"key": "loss", "value": 1.0 / (step + 1), "timestamp": str(step), "step": str(step)} for step in steps]
            writer.write(response(msgspec.json.encode({"metrics": metrics, "next_page_token": token})))

    async with canned(talk) as server:
        mlflow = open_mlflow(MlflowTarget(server.url))
        first = await mlflow.tracking.metric_history("r", "loss", points=10)
        again = await mlflow.tracking.metric_history("r", "loss", points=10)
        await mlflow.aclose()
    assert first == again
    assert (len(first), first[0].step, first[-1].step) == (10, 0, 179)
    history = ["metrics/get-history"] * 2
    assert asked(server.requests) == ["metrics/get-history-bulk-interval", "runs/get", *history, *history]


async def test_every_list_gets_through_a_proxy_with_a_limit() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        found = re.search(rb"max_results[\"=: ]+(\d+)", server.requests[-1])
        assert found is not None
        writer.write(response(b"{}") if int(found[1]) <= 50 else response(b"<html>", "413 Request Entity Too Large"))

    async with canned(talk) as server:
        mlflow = open_mlflow(MlflowTarget(server.url))
        assert (await mlflow.tracking.search_runs(["0"])).runs == ()
        assert await mlflow.tracking.experiments() == ()
        assert (await mlflow.registry.registry()).versions == ()
        await mlflow.aclose()


NUL = "a\0b"


@pytest.mark.parametrize("scheme", ["http://127.0.0.1:9", "sqlite:////no/such.db"])
async def test_nul_is_refused_before_anybody_is_asked(scheme: str) -> None:
    mlflow = open_mlflow(MlflowTarget(scheme))
    version = ModelVersion("iris", "1", None, "READY", "None", None, "")
    for ask in (
        lambda: mlflow.tracking.search_runs(["0"], filter_text=f"params.a = '{NUL}'"),
        lambda: mlflow.registry.tag_version("iris", "1", {"reason": NUL}),
        lambda: mlflow.registry.create_version("iris", "r", description=NUL),
        lambda: mlflow.registry.copy_version(version, NUL, {}),
    ):
        with pytest.raises(Rejected, match="NUL"):
            await ask()
    await mlflow.aclose()


async def ping(mlflow: Mlflow) -> Failure:
    with pytest.raises(Failure) as caught:
        await mlflow.tracking.ping()
    await mlflow.aclose()
    return caught.value


@pytest.mark.parametrize(
    "answer",
    [
        b"\x15\x03\x03\x00\x02\x02\x28",
        b"\x15\x03\x01\x00\x02\x02F\r\n\r\n",
        response(b"Client sent an HTTP request to an HTTPS server.\n", "400 Bad Request", "Content-Type: text/plain"),
        response(b"<html><title>400 The plain HTTP request was sent to HTTPS port</title>", "400 Bad Request"),
    ],
    ids=["alert", "alert and more", "go", "nginx"],
)
async def test_http_to_a_tls_port_says_so(answer: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with canned(talk) as server:
        failure = await ping(open_mlflow(MlflowTarget(server.url)))
    assert isinstance(failure, Unreachable | Malformed)
    assert failure.message in (f"127.0.0.1:{server.port} speaks TLS", "it does not answer in HTTP")
    assert "https://" in failure.hint


async def test_https_to_a_plain_port_says_so() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    failure = await ping(open_mlflow(MlflowTarget(f"https://127.0.0.1:{port}")))
    server.close()
    assert (failure.message, failure.hint) == (f"127.0.0.1:{port} does not speak TLS", "try http:// instead of https://")
