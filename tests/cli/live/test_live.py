"""`modeldeck live`: one line a reading, for as long as somebody listens."""

from __future__ import annotations

import errno
import json
from typing import Any

import pytest

from modeldeck.cli.arguments import UsageError, parse
from modeldeck.cli.live import live
from modeldeck.cli.process import lost
from modeldeck.domain.failures import Unreachable
from tests.cli.conftest import Said, Shell
from tests.support.fakes.clock import FakeClock
from tests.support.history import NOW, History

GONE = Unreachable("connection refused", hint="look whether it runs", backend="Prometheus")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    made = FakeClock(NOW)
    monkeypatch.setattr(live, "SystemClock", lambda: made)
    lost.clear()
    return made


@pytest.fixture
def history(shell: Shell, clock: FakeClock) -> History:
    """serving/iris under even traffic of two pods, one request in a hundred failing."""
    past = History()
    pods = list(shell.fake.cluster.pods.values())
    shell.fake.cluster.pods.clear()
    for pod, suffix in zip(pods, ("abcde", "fghij"), strict=True):  # as Kubernetes calls them: figures go by the names
        pod.name = f"{pod.set_name}-{suffix}"
        shell.fake.cluster.pods[pod.name] = pod
        past.fastapi(pod.name, errors=0.01)
    shell.fake.measured = True
    shell.fake.metrics = past  # type: ignore[assignment]
    return past


def lines(said: Said) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.out.splitlines()]


def test_one_object_a_line(shell: Shell, history: History, clock: FakeClock) -> None:
    said = shell("live", "serving/iris", "-o", "json", "--count", "3", "--interval", "7")
    found = lines(said)
    assert (said.code, said.err, len(found)) == (0, "", 3)
    first = found[0]
    assert first["schema"] == 1
    assert first["time"] == "2027-01-15T08:00:00.000Z"
    assert [line["time"][17:19] for line in found] == ["00", "07", "14"]
    assert (first["namespace"], first["deployment"], first["model"]) == ("serving", "iris", "iris")
    assert first["replicas"] == {"desired": 2, "updated": 2, "ready": 2, "available": 2}
    assert first["latency"]["p99"] == pytest.approx(0.175)
    assert first["requests_per_second"] == pytest.approx(4.0)
    assert first["error_ratio"] == pytest.approx(0.01)
    assert first["sources"]["prometheus"] == {"state": "live", "age": 0.0, "message": ""}
    assert (first["warnings"], first["error"]) == ([], None)
    (version,) = first["live_versions"]
    assert (version["version"], version["pods"], version["ready"]) == ("1", 2, 2)
    assert version["latency"] == first["latency"]


def test_a_line_for_people(shell: Shell, history: History) -> None:
    said = shell("live", "serving/iris", "--count", "1")
    assert " ".join(said.out.split()) == "2027-01-15T08:00:00Z v1 2/2 p50 50 ms p90 92 ms p99 175 ms 4/s errors 1.0 %"


def test_a_prometheus_that_goes_and_comes_back(shell: Shell, history: History, clock: FakeClock) -> None:
    def change() -> None:
        history.failure = GONE if clock.now() < NOW + 15 else None

    clock.on_sleep.append(change)
    said = shell("live", "serving/iris", "-o", "json", "--count", "4")
    good, gone, still, back = lines(said)
    assert said.code == 0
    assert said.err == "modeldeck: Prometheus: connection refused (look whether it runs)\n", "said once, not each time"
    assert good["error"] is None
    for line, age in ((gone, 5.0), (still, 10.0)):
        assert line["error"] == {"code": "unreachable", "message": "Prometheus: connection refused", "hint": "look whether it runs"}
        assert line["latency"] == {"p50": None, "p90": None, "p99": None}
        assert (line["requests_per_second"], line["error_ratio"]) == (None, None)
        assert line["replicas"]["ready"] == 2
        assert (line["sources"]["prometheus"]["state"], line["sources"]["prometheus"]["age"]) == ("stale", age)
    assert back["error"] is None
    assert back["latency"] == good["latency"]


def test_the_code_is_that_of_the_last_reading(shell: Shell, history: History) -> None:
    history.failure = GONE
    said = shell("live", "serving/iris", "--count", "2", "-o", "json")
    assert said.code == 6
    assert [line["sources"]["prometheus"] for line in lines(said)] == 2 * [
        {"state": "unavailable", "age": None, "message": "Prometheus: connection refused"}
    ]
    assert "p99 –" in shell("live", "serving/iris", "--count", "1").out


def test_without_the_cluster_its_last_answer_stands_with_its_age(shell: Shell, history: History, clock: FakeClock) -> None:
    clock.on_sleep.append(lambda: shell.fake.traps.fail("deployment", Unreachable("no route to host", backend="Kubernetes")))
    first, second = lines(shell("live", "serving/iris", "-o", "json", "--count", "2"))
    assert second["replicas"] == first["replicas"]
    assert second["latency"] == first["latency"]
    assert (second["sources"]["kubernetes"]["state"], second["sources"]["kubernetes"]["age"]) == ("stale", 5.0)
    assert second["error"]["message"] == "Kubernetes: no route to host"


def test_a_deployment_that_goes_is_not_told_as_it_was(shell: Shell, history: History, clock: FakeClock) -> None:
    clock.on_sleep.append(shell.fake.cluster.deployments.clear)
    said = shell("live", "serving/iris", "-o", "json", "--count", "2")
    assert said.code == 3
    last = lines(said)[-1]
    assert (last["replicas"], last["live_versions"], last["latency"]["p99"]) == (None, None, None)
    assert last["error"]["code"] == "not_found"


def test_no_such_deployment(shell: Shell, history: History) -> None:
    said = shell("live", "serving/nothing", "-o", "json")
    assert said.code == 3
    assert said.json["error"]["code"] == "not_found"


def test_the_namespace_is_the_one_that_is_looked_at(shell: Shell, history: History) -> None:
    assert lines(shell("live", "iris", "-o", "json", "--count", "1"))[0]["namespace"] == "serving"


def test_without_a_prometheus(shell: Shell) -> None:
    said = shell("live", "serving/iris")
    assert said.code == 6
    assert "PROMETHEUS_URL" in said.err


def test_it_ends_with_its_reader(shell: Shell, history: History, clock: FakeClock) -> None:
    clock.on_sleep.append(lambda: lost.append(OSError(errno.EPIPE, "Broken pipe")))
    assert len(lines(shell("live", "serving/iris", "-o", "json"))) == 2


def test_warnings_of_prometheus_are_handed_on(shell: Shell, history: History) -> None:
    history.warnings = ("a store did not answer",)
    said = shell("live", "serving/iris", "-o", "json", "--count", "2")
    assert [line["warnings"] for line in lines(said)] == 2 * [["a store did not answer"]]
    assert said.err == "modeldeck: a store did not answer\n"


@pytest.mark.parametrize("argument", ["--interval=0.5", "--interval=soon", "--count=0", "--count=-1", "--count=²"])
def test_no_pace_and_no_count(argument: str) -> None:
    with pytest.raises(UsageError):
        parse(["live", "serving/iris", argument])
