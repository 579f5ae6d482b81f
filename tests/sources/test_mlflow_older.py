"""Servers that know less than the newest, and what stands in front of them."""

from __future__ import annotations

import asyncio

import msgspec

from tests.support.canned import canned, response
from tui.domain.environments import MlflowTarget
from tui.sources.mlflow_open import open_mlflow

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
