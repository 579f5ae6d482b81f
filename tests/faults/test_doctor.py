"""`modeldeck doctor` on the faults that the console is put through: which backend, what is wrong, what to do, and the exit code."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from modeldeck.cli.doctor.doctor import doctor
from modeldeck.domain.operations.exit_code import ExitCode
from modeldeck.sources.http.transport import Timeouts
from modeldeck.sources.kubernetes import connection
from tests.conformance.clusters import Cluster, running
from tests.faults.test_console import FAULTS, PATIENCE, Fault, hang, lose_patience
from tests.support.backends import Broken, behind_proxies, deploy

HINTS = {"429": "ask again later"}
"""Who asks once is not told that it will be asked again."""
BACKENDS = ("mlflow", "kubernetes", "prometheus")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running("simulator", tmp_path_factory.mktemp("simulator")) as found:
        asyncio.run(deploy(found))
        yield found


@pytest.fixture
async def broken(cluster: Cluster, tmp_path: Path) -> AsyncIterator[Broken]:
    async with behind_proxies(cluster, tmp_path) as found:
        yield found


async def told(broken: Broken, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any], str]:
    """The exit code, the JSON and the text of one look."""
    codes = set()
    outputs = []
    for output in ("json", "text"):
        codes.add(await doctor(broken.environment, argparse.Namespace(output=output)))
        outputs.append(capsys.readouterr().out)
    (code,) = codes
    return code, json.loads(outputs[0])["backends"], outputs[1]


async def test_all_well(broken: Broken, capsys: pytest.CaptureFixture[str]) -> None:
    code, found, text = await told(broken, capsys)
    assert code == ExitCode.DONE
    assert all(found[backend][0]["works"] for backend in BACKENDS)
    assert "3.4.0" in text
    assert "3.16.0" in text
    assert "✘" not in text
    assert "FastAPI instrumentator" in text


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("name", ["MLflow", "Kubernetes", "Prometheus"])
async def test_a_backend_that_fails_is_told_with_what_to_do_and_the_others_are_well(
    broken: Broken, name: str, fault: Fault, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if fault.breaks is hang:
        lose_patience(monkeypatch, name)
        monkeypatch.setattr(connection, "Timeouts", lambda: Timeouts(connect=10.0, read=PATIENCE, total=60.0))
    await fault.breaks(broken.proxies[name])
    code, found, text = await told(broken, capsys)
    assert code == ExitCode.UNREACHABLE
    mine = found[name.lower()]
    assert mine[0]["works"] is False
    reason, hint = fault.told_of(name)
    assert reason in mine[0]["message"]
    assert HINTS.get(fault.message[:3], hint) in mine[0]["hint"]
    assert mine[1]["works"] is False, "what will not work is told"
    for line in (mine[0]["message"], mine[0]["hint"]):
        assert line in text
    for backend in BACKENDS:
        if backend != name.lower():
            assert found[backend][0]["works"] is True


async def test_slow_is_not_down(broken: Broken, capsys: pytest.CaptureFixture[str]) -> None:
    for proxy in broken.proxies.values():
        proxy.slow(0.5)
    code, found, _ = await told(broken, capsys)
    assert code == ExitCode.DONE
    assert all(found[backend][0]["works"] for backend in BACKENDS)
