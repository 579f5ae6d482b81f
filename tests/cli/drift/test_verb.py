"""`modeldeck drift`: the same numbers as the reader's, as a table and as data."""

from __future__ import annotations

import pytest

from modeldeck.cli.drift import verb
from modeldeck.domain.failures import Unreachable
from modeldeck.operations.common.text import iso
from tests.cli.conftest import Shell
from tests.live.drift.world import CHANGED, EVEN, FLEET, MOVED, NOW, PREDICTIONS, DriftWorld
from tests.support.clocks import FakeClock


@pytest.fixture
def world(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> DriftWorld:
    monkeypatch.setattr(verb, "SystemClock", lambda: FakeClock(float(NOW)))
    found = DriftWorld()
    found.serve(EVEN, MOVED)
    for pod, start, end in (("iris-aaa-11111", 4000, CHANGED), ("iris-bbb-22222", CHANGED, 0)):
        found.past.fastapi(pod, start=start, end=end)

    async def fleet(namespaces: object) -> object:
        return FLEET

    monkeypatch.setattr(shell.fake.cluster, "fleet", fleet)
    shell.fake.measured = True
    shell.fake.metrics = found.past  # type: ignore[assignment]
    return found


def test_the_table(shell: Shell, world: DriftWorld) -> None:
    said = shell("drift", "--window", "600")
    head, row, *_ = said.out.splitlines()
    assert said.code == 0
    assert " ".join(head.split()) == "DEPLOYMENT HISTOGRAM VERDICT PSI NOISE KS JS W1/σ VALUES BASELINE AGAINST"
    assert row.startswith(f"serving/iris  {PREDICTIONS}  predictions  act ")
    assert row.endswith("version 4")
    assert f"serving/iris {PREDICTIONS}: one bucket holds 60%" in said.out


def test_the_contract(shell: Shell, world: DriftWorld) -> None:
    (one,) = shell("drift", "serving/iris", "--window", "600", "-o", "json").json["deployments"]
    assert (one["deployment"], one["baseline"]) == ("serving/iris", "previous")
    (found,) = one["histograms"]
    assert (found["histogram"], found["role"], found["verdict"], found["against"]) == (PREDICTIONS, "predictions", "act", "version 4")
    assert found["ks"] == pytest.approx(0.35)
    assert (found["noise_quantile"], found["bins"], found["error"]) == (0.95, 4, None)
    assert found["window"] | {"query": ""} == {"start": iso(NOW - 600.0), "end": iso(NOW), "version": "5", "query": ""}
    assert found["baseline_window"]["version"] == "4"
    assert [each["kind"] for each in found["warnings"]] == ["blind"]
    assert {"psi", "noise", "js", "wasserstein", "values", "baseline_values", "message"} <= found.keys()


def test_another_baseline_and_one_that_is_not_there(shell: Shell, world: DriftWorld) -> None:
    (one,) = shell("drift", "--baseline", "30m", "-o", "json").json["deployments"]
    assert one["histograms"][0]["against"] == "the 30m before"
    (one,) = shell("drift", "--baseline", "training", "-o", "json").json["deployments"]
    assert (one["histograms"][0]["verdict"], one["histograms"][0]["psi"], one["histograms"][0]["baseline_values"]) == (
        "unknown",
        None,
        None,
    )
    assert "no MLflow is configured" in one["histograms"][0]["message"]


@pytest.mark.parametrize("wrong", [("--baseline", "yesterday"), ("--window", "5"), ("--window", "x")])
def test_what_cannot_be_meant(shell: Shell, wrong: tuple[str, str]) -> None:
    assert shell("drift", *wrong).code == 2


def test_a_prometheus_that_answers_no_more(shell: Shell, world: DriftWorld) -> None:
    world.past.failure, world.past.failing = Unreachable("gone", backend="Prometheus"), lambda promql: "increase" in promql
    said = shell("drift", "-o", "json")
    (found,) = said.json["deployments"][0]["histograms"]
    assert (said.code, found["verdict"], found["error"], found["values"]) == (6, "unknown", "unreachable", None)
    assert "gone" in said.err


def test_no_such_deployment_and_no_prometheus(shell: Shell, world: DriftWorld) -> None:
    assert shell("drift", "serving/rose").code == 3
    shell.fake.measured = False
    assert shell("drift").code == 6


def test_the_configuration_names_histograms(shell: Shell, world: DriftWorld, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    config = f"{tmp_path}/config.toml"
    with open(config, "w") as file:
        file.write('[drift]\nwindow = 600\n[drift."serving/*"]\nhistograms = "age"\n')
    said = shell("--config", config, "drift", "-o", "json")
    assert [(one["histogram"], one["role"]) for one in said.json["deployments"][0]["histograms"]] == [
        ("age", "input"),
        (PREDICTIONS, "predictions"),
    ]
