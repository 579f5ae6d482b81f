"""That there is an Alertmanager to hold contracts against: it takes alerts and silences, and keeps the latter."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conformance.alertmanager.build import ALERTMANAGER
from tests.support import alertmanagers
from tests.support.eventually import eventually_true

LABELS = {"alertname": "HighLatency", "namespace": "serving"}


def silence() -> dict[str, object]:
    now = dt.datetime.now(dt.UTC)
    matcher = {"name": "alertname", "value": "HighLatency", "isRegex": False, "isEqual": True}
    ends = (now + dt.timedelta(minutes=5)).isoformat()
    return {"matchers": [matcher], "startsAt": now.isoformat(), "endsAt": ends, "createdBy": "someone", "comment": "a reason"}


async def test_alerts_and_silences(tmp_path: Path) -> None:
    with alertmanagers.running(tmp_path) as address:
        async with httpx.AsyncClient(base_url=f"{address}/api/v2", trust_env=False) as client:
            assert (await client.post("/alerts", json=[{"labels": LABELS}])).is_success
            made = (await client.post("/silences", json=silence())).json()["silenceID"]

            async def is_silenced() -> bool:
                found: list[Any] = (await client.get("/alerts")).json()
                return [(one["labels"], one["status"]["silencedBy"]) for one in found] == [(LABELS, [made])]

            await eventually_true(is_silenced, within=30)
    with alertmanagers.running(tmp_path) as address:
        async with httpx.AsyncClient(trust_env=False) as client:
            (kept,) = (await client.get(f"{address}/api/v2/silences")).json()
    assert (kept["id"], kept["status"]["state"]) == (made, "active")


def test_where_it_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv(alertmanagers.NAMED, raising=False)
    assert alertmanagers.find() is None
    for required, raised in (("1", pytest.fail.Exception), ("0", pytest.skip.Exception)):
        monkeypatch.setenv("MODELDECK_CONFORMANCE_REQUIRED", required)
        with pytest.raises(raised, match="no alertmanager on PATH"):
            alertmanagers.needed()
    debian = tmp_path / "prometheus-alertmanager"
    for place in (ALERTMANAGER.cache / "alertmanager", debian):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch(0o755)
        assert alertmanagers.find() == place
    monkeypatch.setenv(alertmanagers.NAMED, os.fspath(tmp_path / "nowhere"))
    assert alertmanagers.find() is None
