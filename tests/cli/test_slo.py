"""`modeldeck slo`: error budgets and burn rates of what the configuration promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from modeldeck.domain.failures import Failure, InvalidQuery, Unreachable
from tests.cli.conftest import Shell
from tests.support.history import History

PROMISED = """
[objectives."serving/*"]
availability = 0.95
latency = { below = "200ms", share = 0.9 }
"""


@pytest.fixture
def promised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "promised.toml"
    file.write_text(PROMISED)
    monkeypatch.setenv("MODELDECK_CONFIG", str(file))
    return file


@pytest.fixture
def history(shell: Shell, promised: Path) -> History:
    """serving/iris under even traffic, one request in a hundred failing."""
    past = History()
    pods = list(shell.fake.cluster.pods.values())
    shell.fake.cluster.pods.clear()
    for pod, suffix in zip(pods, ("abcde", "fghij"), strict=True):
        pod.name = f"{pod.set_name}-{suffix}"
        shell.fake.cluster.pods[pod.name] = pod
        past.fastapi(pod.name, errors=0.01)
    shell.fake.measured = True
    shell.fake.metrics = past  # type: ignore[assignment]
    return past


def test_budgets_and_burn_rates(shell: Shell, history: History) -> None:
    said = shell("slo", "serving/iris")
    head, availability, latency, *notes = said.out.splitlines()
    assert said.code == 0
    assert " ".join(head.split()) == "DEPLOYMENT OBJECTIVE BUDGET LEFT BURN 1h/5m BURN 6h/30m BURN 1d/2h BURN 3d/6h"
    rates = "0.2/0.2 0.2/0.2 0.2/0.2"
    assert " ".join(availability.split()) == f"serving/iris availability 95 %, 30d 80.0 % 0.2/0.2 {rates} ok"
    assert " ".join(latency.split()) == f"serving/iris latency < 200 ms 90 %, 30d 80.0 % never {rates} ok"
    assert "  serving/iris latency: no bucket ends at 200 ms: what took more than 100 ms counts as slow" in notes
    (covers,) = [note for note in notes if "Prometheus has no data of all 30d" in note]
    assert covers.endswith("the budget is that of 15 min")


def test_the_contract(shell: Shell, history: History) -> None:
    (one,) = shell("slo", "-o", "json").json["deployments"]
    assert (one["deployment"], one["window_seconds"]) == ("serving/iris", 30 * 86400)
    assert one["covered_seconds"] == pytest.approx(900, abs=30)
    availability, latency = one["objectives"]
    assert (availability["objective"], availability["target"], availability["assessment"]) == ("availability", 0.95, "ok")
    assert availability["budget_left"] == pytest.approx(0.8, abs=0.01)
    assert availability["requests"] == pytest.approx(3600, rel=0.02)
    assert (latency["below_seconds"], latency["counted_below_seconds"]) == (0.2, 0.1)
    assert [(rate["limit"], rate["standing"]) for rate in latency["burn_rates"]] == [
        (14.4, "unreachable"),
        (6, "ok"),
        (3, "ok"),
        (1, "ok"),
    ]
    assert one["queries"].keys() == {"requests", "failed", "latency"}


def test_without_data_it_is_not_well(shell: Shell, history: History) -> None:
    shell.fake.metrics = History()  # type: ignore[assignment]
    said = shell("slo", "-o", "json")
    (one,) = said.json["deployments"]
    assert said.code == 0
    assert {(each["assessment"], each["budget_left"], each["requests"]) for each in one["objectives"]} == {("not known", None, None)}
    assert "its pods export no metrics of a known model server" in shell("slo").out


@pytest.mark.parametrize(("failure", "code"), [(InvalidQuery("too many samples", backend="Prometheus"), 3), (Unreachable("gone"), 6)])
def test_one_question_that_is_not_answered(shell: Shell, history: History, failure: Failure, code: int) -> None:
    history.failure, history.failing = failure, lambda promql: "[300s]" in promql
    said = shell("slo", "-o", "json")
    assert (said.code, said.json["deployments"]) == (code, [])
    assert failure.message in said.err


def test_a_prometheus_that_is_away_or_not_there(shell: Shell, history: History) -> None:
    history.failure = Unreachable("gone", backend="Prometheus")
    assert shell("slo").code == 6
    shell.fake.measured = False
    said = shell("slo")
    assert said.code == 6
    assert "PROMETHEUS_URL" in said.err


def test_no_such_deployment(shell: Shell, history: History) -> None:
    said = shell("slo", "serving/rose")
    assert (said.code, said.out) == (3, "")
    assert "no deployment serving/rose" in said.err


def test_nothing_is_promised(shell: Shell, history: History, promised: Path) -> None:
    promised.write_text('[objectives."other/*"]\navailability = 0.9\n')
    said = shell("slo")
    assert said.code == 0
    assert said.out.startswith("no objectives: add [objectives.")
    assert shell("slo", "-o", "json").json["deployments"] == []
