"""What doctor's exit code counts: what somebody configured, and not where a server might stand by default."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import pytest

from modeldeck.cli.doctor.doctor import alias_rights, doctor
from modeldeck.domain.environments import Environment, HttpTarget, MlflowTarget, PrometheusTarget
from modeldeck.domain.mlflow.registry import ModelAccess
from modeldeck.domain.operations.exit_code import ExitCode
from tests.cli.conftest import Shell
from tests.support import alertmanagers

NOWHERE = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("guessed", "code", "message"),
    [(True, ExitCode.DONE, f"not configured, and not at its default address {NOWHERE}"), (False, ExitCode.UNREACHABLE, f"{NOWHERE}: ")],
)
async def test_a_default_address_does_not_count(
    guessed: bool, code: ExitCode, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = Environment(
        "default",
        mlflow=MlflowTarget(NOWHERE, guessed=guessed),
        cluster=None,
        prometheus=PrometheusTarget(NOWHERE, guessed=guessed),
        journal=str(tmp_path / "journal.db"),
    )
    assert await doctor(environment, argparse.Namespace(output="text")) == code
    assert capsys.readouterr().out.count(message) == 2


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        (None, ExitCode.DONE, "✔ writable: yes"),
        (b"no database " * 100, ExitCode.UNREACHABLE, "✘ readable: "),
        ("a folder's place", ExitCode.DONE, "promotions and roll-backs are refused"),
    ],
)
async def test_a_journal_that_cannot_be_used_is_told(
    content: bytes | str | None, code: ExitCode, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "state"
    if isinstance(content, bytes):
        place.mkdir()
        (place / "journal.db").write_bytes(content)
    elif content:
        place.write_text(content)
    environment = Environment("default", None, None, None, journal=str(place / "journal.db"))
    assert await doctor(environment, argparse.Namespace(output="text")) == code
    assert message in capsys.readouterr().out


@pytest.mark.parametrize(
    ("found", "works", "message"),
    [
        ({}, None, "does not tell beforehand"),
        ({"iris": ModelAccess(None), "wine": None}, None, "does not tell beforehand"),
        ({"iris": ModelAccess(True, "EDIT"), "wine": ModelAccess(None)}, None, "does not tell beforehand"),
        ({"iris": ModelAccess(True, "EDIT"), "wine": ModelAccess(True, "admin")}, True, "EDIT on iris, wine"),
        ({"iris": ModelAccess(False, "READ"), "wine": ModelAccess(True), "x": None}, False, "no EDIT on iris: promotions"),
    ],
)
def test_what_mlflow_grants_on_models_is_told(found: dict[str, ModelAccess | None], works: bool | None, message: str) -> None:
    finding = alias_rights(found)
    assert finding.works is works
    assert message in finding.message


def test_doctor_says_what_will_not_work(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_URL", "http://127.0.0.1:9")
    shell.fake.measured = True
    shell.fake.cluster.allowed = False
    said = shell("doctor", "-o", "json")
    backends = said.json["backends"]
    assert said.code == 6
    assert backends["mlflow"][0]["works"] is False
    assert backends["prometheus"][0]["works"] is True
    assert backends["kubernetes"][0]["message"].endswith("ms")
    patch = next(finding for finding in backends["kubernetes"] if finding["about"].startswith("patch deployments"))
    assert patch["works"] is False
    assert "promotions and roll-backs are refused" in patch["message"]
    text = shell("doctor").out
    assert "✘ patch deployments in serving" in text
    assert "✘ list resourcequotas in serving: not allowed: a plan does not tell whether the quota has room" in text
    assert text.count("✘ list nodes in the whole cluster: not allowed: a plan does not tell whether a node has room") == 1
    assert text.count("✘ list pods in the whole cluster: not allowed: a plan does not tell what the pods of other namespaces") == 1


async def test_an_alertmanager_is_asked_only_where_one_is_configured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environment = Environment("default", None, None, None, journal=str(tmp_path / "journal.db"))
    assert await doctor(environment, argparse.Namespace(output="text")) == ExitCode.DONE
    assert "alertmanager" not in capsys.readouterr().out.splitlines()
    configured = replace(environment, alertmanager=HttpTarget(NOWHERE))
    assert await doctor(configured, argparse.Namespace(output="text")) == ExitCode.UNREACHABLE
    assert "✘ what is silenced: is not known: operations go on, and silence nothing" in capsys.readouterr().out


async def test_an_alertmanager_that_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with alertmanagers.running(tmp_path) as address:
        environment = Environment("default", None, None, None, alertmanager=HttpTarget(address), journal=str(tmp_path / "journal.db"))
        assert await doctor(environment, argparse.Namespace(output="text")) == ExitCode.DONE
    assert f"✔ reachable: {address}, 0 silences of modeldeck's, " in capsys.readouterr().out
