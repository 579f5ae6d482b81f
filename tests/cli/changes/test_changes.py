"""`modeldeck changes`: what happened around a moment."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from modeldeck.cli.arguments import UsageError, parse
from modeldeck.cli.changes.changes import moment_of
from modeldeck.domain.alerts.alert import Alert, Alerts, AlertState
from modeldeck.domain.failures import Unreachable
from modeldeck.domain.kubernetes.surroundings import ConfigObject, FieldWrite, Surroundings
from modeldeck.domain.metrics.samples import Matrix, Series
from tests.cli.conftest import Shell
from tests.support.fakes.alerts import FakeAlerts
from tests.support.fakes.clock import FakeClock


def promoted(shell: Shell) -> float:
    """Version 2 serves since now."""
    assert shell("promote", "iris", "2", "--deployment", "serving/iris", "--yes", "--reason", "better").code == 0
    return shell.fake.clock.now()


def later(shell: Shell, seconds: float) -> None:
    assert isinstance(shell.fake.clock, FakeClock)
    shell.fake.clock.at += seconds


def test_the_promotion_comes_first_with_what_its_rollout_changed(shell: Shell) -> None:
    promoted(shell)
    later(shell, 60)
    found = shell("changes", "serving/iris", "-o", "json").json
    first = found["changes"][0]
    assert (first["kind"], first["subject"], first["what"], first["source"]) == (
        "promotion",
        "deployment serving/iris",
        "iris v1 → v2",
        "journal",
    )
    assert first["seconds_before"] >= 60
    assert 0 < first["likelihood"] <= 1
    assert "better" in first["details"]
    assert (found["deployment"], found["jump"], found["since"], found["window"]) == ("serving/iris", None, None, 1800.0)
    text = shell("changes", "serving/iris").out.splitlines()
    assert text[1].split() == ["WHEN", "KIND", "SUBJECT", "WHAT", "SOURCE"]
    assert "before" in text[2]
    assert "promotion" in text[2]


def test_around_a_time_that_was_given(shell: Shell) -> None:
    at = promoted(shell)
    later(shell, 9000)
    assert shell("changes", "serving/iris").out.splitlines()[-1] == "nothing is known to have happened"
    given = datetime.fromtimestamp(at, UTC).isoformat()
    assert shell("changes", "serving/iris", "--at", given, "-o", "json").json["changes"][0]["kind"] == "promotion"
    assert shell("changes", "serving/iris", "--window", "3h", "-o", "json").json["changes"][0]["kind"] == "promotion"


def test_a_time_that_has_not_come_is_refused(shell: Shell) -> None:
    said = shell("changes", "serving/iris", "--at", "2999-01-01T00:00Z")
    assert (said.code, "has not come yet" in said.err) == (3, True)


def test_what_is_not_known_is_told(shell: Shell) -> None:
    now = shell.fake.clock.now()
    config = ConfigObject("ConfigMap", "settings", "7", now - 9e4, (FieldWrite("kubectl", now - 60),))
    shell.fake.cluster.around = Surroundings(configs=(config,), not_known=("Secret key may have changed: secrets is forbidden",))
    shell.fake.registry.traps.fail("registry", Unreachable("connection refused", backend="MLflow"))
    said = shell("changes", "serving/iris")
    assert "ConfigMap settings" in said.out
    assert "not known: Secret key may have changed" in said.err
    assert "not known: MLflow: connection refused: what aliases and version tags tell" in said.err


def test_alerts_that_fire_are_among_it_and_others_are_not_known(shell: Shell) -> None:
    labels = {"namespace": "serving", "deployment": "iris"}
    shell.fake.alerts = FakeAlerts(Alerts((Alert("Errors", AlertState.FIRING, labels, shell.fake.clock.now() - 120),)))
    found = shell("changes", "serving/iris", "-o", "json").json
    assert [(one["subject"], one["seconds_before"] >= 120) for one in found["changes"] if one["kind"] == "alert"] == [
        ("alert Errors", True)
    ]
    shell.fake.alerts = FakeAlerts(Unreachable("connection refused", backend="Alertmanager"))
    assert "not known: alerts: Alertmanager: connection refused" in shell("changes", "serving/iris").err


def test_no_such_deployment(shell: Shell) -> None:
    said = shell("changes", "serving/nobody")
    assert (said.code, "no deployment nobody in serving" in said.err) == (3, True)


def test_without_a_time_it_is_about_the_jump_of_the_charts(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.fake.measured = True
    now = shell.fake.clock.now()

    async def query_range(promql: str, *, start: float, end: float, step: float) -> Matrix:
        count = int((end - start) / step) + 1
        return Matrix((Series({}, tuple((start + step * at, 0.04 if start + step * at < now - 600 else 0.18) for at in range(count))),))

    monkeypatch.setattr(shell.fake.metrics, "query_range", query_range)
    pod = next(iter(shell.fake.cluster.pods.values())).name
    shell.fake.metrics.exports = tuple({**one, "pod": pod} for one in shell.fake.metrics.exports)
    found = shell("changes", "serving/iris", "-o", "json").json
    assert found["jump"] == "p99 40 ms → 180 ms"
    assert found["since"] < found["moment"]


def test_where_prometheus_is_away_it_is_about_now_and_said(shell: Shell) -> None:
    shell.fake.measured = True
    shell.fake.metrics.failure = Unreachable("connection refused", backend="Prometheus")
    said = shell("changes", "serving/iris", "-o", "json")
    assert said.json["jump"] is None
    assert "whether a chart jumps is not known, so that it is about now" in said.err


def test_times_of_day_are_the_last_ones_that_were() -> None:
    noon = datetime(2026, 3, 1, 12).timestamp()
    assert moment_of(time(11, 30), noon) == noon - 1800
    assert moment_of(time(12, 30), noon) == datetime(2026, 3, 1, 12, 30).timestamp() - timedelta(days=1).total_seconds()
    assert moment_of(datetime(2026, 3, 1, 11), noon) == noon - 3600


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["iris"], "is not NAMESPACE/NAME"),
        (["a/b/c"], "is not NAMESPACE/NAME"),
        (["a/b", "--at", "soon"], "is no time"),
        (["a/b", "--at", "2026-13-01"], "is no time"),
        (["a/b", "--window", "0m"], "is no duration"),
        (["a/b", "--window", "31d"], "is no duration"),
        (["a/b", "--window", "30"], "is no duration"),
        (["a/b", "--window", ""], "is no duration"),
    ],
)
def test_what_is_no_argument(argv: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse(["changes", *argv])


def test_durations() -> None:
    given = ("90s", "30m", "2h", "1d")
    assert [parse(["changes", "a/b", "--window", text]).window for text in given] == [90.0, 1800.0, 7200.0, 86400.0]
