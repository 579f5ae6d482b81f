"""Lists in pages, over REST."""

from __future__ import annotations

import msgspec
import pytest

from modeldeck.domain.environments import MlflowTarget
from modeldeck.sources.mlflow import rest_pages
from modeldeck.sources.mlflow.opening import open_mlflow
from tests.support.canned import canned, response


async def test_pages_that_repeat_rows_are_joined_without_repeats_and_come_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest_pages, "VERSIONS_PAGE", 2)
    pages = [(["3", "2"], "a"), (["2", "1"], "b"), (["1"], "b")]

    async def talk(reader: object, writer: object, number: int) -> None:
        request = server.requests[-1]
        if b"registered-models" in request:
            body: object = {"registered_models": [{"name": "iris", "aliases": [{"alias": "champion", "version": 2}]}]}
        else:
            page = 0 if b"page_token" not in request else 1 if b"page_token=a" in request else 2
            versions, token = pages[page]
            body = {"model_versions": [{"name": "iris", "version": v} for v in versions], "next_page_token": token}
        writer.write(response(msgspec.json.encode(body)))  # type: ignore[attr-defined]

    async with canned(talk) as server:
        mlflow = open_mlflow(MlflowTarget(server.url))
        registry = await mlflow.registry.registry()
        await mlflow.aclose()
    assert [(version.version, version.aliases) for version in registry.versions] == [("3", ()), ("2", ("champion",)), ("1", ())]
