"""`modeldeck gate check`: the file, its queries, and what the gate would say today."""

from __future__ import annotations

from pathlib import Path

import pytest

from modeldeck.cli import gate
from modeldeck.domain.failures import Unreachable
from tests.cli.conftest import Shell
from tests.support.clocks import FakeClock
from tests.support.history import NOW, History

OWN = '[[criteria]]\nname = "mine"\nquery = \'{query}\'\nop = "<="\nbound = 2000\n'


@pytest.fixture
def history(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> History:
    """serving/iris under even traffic for an hour."""
    monkeypatch.setattr(gate, "SystemClock", lambda: FakeClock(NOW))
    past = History()
    for pod in ("abcde", "fghij"):
        past.fastapi(f"iris-0-{pod}", start=3600, errors=0.01)
    shell.fake.measured = True
    shell.fake.metrics = past  # type: ignore[assignment]
    return past


def written(tmp_path: Path, text: str = "") -> str:
    (tmp_path / "gate.toml").write_text(text)
    return str(tmp_path / "gate.toml")


def own(query: str) -> str:
    return OWN.replace("{query}", query)


def test_todays_values(shell: Shell, history: History, tmp_path: Path) -> None:
    said = shell("gate", "check", written(tmp_path, "baseline = 1500\nmax_p99 = 0.5\n"), "--deployment", "serving/iris")
    assert said.code == 0
    head, columns, errors, *_ = said.out.splitlines()
    assert head == "serving/iris, serving iris 1, over 1500 s, compared with the 1500 s before"
    assert columns.split() == ["CRITERION", "VALUE", "BOUND", "BEFORE", "REQUESTS"]
    assert errors.split() == ["✔", "error", "ratio", "1", "%", "≤", "10", "%", "6000"]
    assert said.out.splitlines()[-1] == "PASS: all 4 criteria pass"
    assert "no problems" in said.err


def test_the_contract(shell: Shell, history: History, tmp_path: Path) -> None:
    file = written(tmp_path, "baseline = 1500\n" + own('max(up{pod=~"{pods}"})'))
    body = shell("gate", "check", file, "--deployment", "iris", "-o", "json").json
    assert (body["valid"], body["deployment"], body["model"], body["version"], body["problems"]) == (True, "serving/iris", "iris", "1", [])
    assert (body["gate"]["verdict"], body["settings"]["max_error_ratio"]) == ("pass", 0.1)
    mine = body["gate"]["criteria"][-1]
    assert (mine["name"], mine["value"], mine["bound"], mine["verdict"], mine["requests"]) == ("mine", 1.0, "≤ 2000", "pass", 6000)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ('up{pod=~"{pods}"}', "the query answers 2 series, one is wanted"),
        ("sum(", "parse error"),
        ("sum(http_request_total)", "Prometheus knows no metric http_request_total (did you mean http_requests_total?)"),
    ],
)
def test_a_query_that_will_not_do_is_refused(shell: Shell, history: History, tmp_path: Path, query: str, message: str) -> None:
    file = written(tmp_path, "max_p99 = 0.5\n\n" + own(query))
    said = shell("gate", "check", file, "--deployment", "serving/iris")
    assert said.code == 3
    assert f"{file}:3: mine: " in said.err
    assert message in said.err
    body = shell("gate", "check", file, "--deployment", "serving/iris", "-o", "json").json
    assert body["valid"] is False
    assert [(problem["key"], problem["where"]) for problem in body["problems"]] == [("mine", f"{file}:3")]


def test_without_a_deployment_the_queries_are_tried(shell: Shell, history: History, tmp_path: Path) -> None:
    fine = shell("gate", "check", written(tmp_path, own('sum(http_requests_total{pod=~"{pods}",version="{version}"})')))
    assert (fine.code, fine.out.strip()) == (0, f"{tmp_path / 'gate.toml'}: no problems")
    for query, message in (("sum(", "parse error"), ("sum(no_such_metric)", "Prometheus knows no metric no_such_metric")):
        refused = shell("gate", "check", written(tmp_path, own(query)))
        assert refused.code == 3
        assert message in refused.err
    body = shell("gate", "check", written(tmp_path), "-o", "json").json
    assert (body["valid"], body["gate"], body["deployment"]) == (True, None, None)


def test_few_requests_are_no_mistake_in_the_file(shell: Shell, history: History, tmp_path: Path) -> None:
    asked = ("gate", "check", written(tmp_path, "max_error_ratio = 0.02\nbaseline = 60\n"), "--deployment", "serving/iris")
    said = shell(*asked)
    assert said.code == 0
    assert "0.833 % of 240 requests: neither shown nor excluded: about 1247 more requests needed (5 min)" in said.out
    body = shell(*asked, "-o", "json").json
    assert body["gate"]["verdict"] == "insufficient"
    found = {each["name"]: (each["verdict"], each["trouble"], each["requests"], each["more_requests"]) for each in body["gate"]["criteria"]}
    assert found == {
        "error ratio": ("insufficient", "undecided", 240, 1247),
        "error ratio vs before": ("insufficient", "undecided", 240, None),
        "p99 vs before": ("insufficient", "undecided", 240, None),
    }


def test_a_criterion_that_these_servers_cannot_meet_is_refused(shell: Shell, history: History, tmp_path: Path) -> None:
    said = shell("gate", "check", written(tmp_path, "max_drift = 0.2\n"), "--deployment", "serving/iris")
    assert said.code == 3
    assert "drift: FastAPI instrumentator exports no histogram of predicted values here" in said.err


@pytest.mark.parametrize("more", [[], ["--deployment", "serving/iris"]])
def test_a_prometheus_that_is_away(shell: Shell, history: History, tmp_path: Path, more: list[str]) -> None:
    history.failure = Unreachable("connection refused", backend="Prometheus")
    said = shell("gate", "check", written(tmp_path, own("up")), *more)
    assert said.code == 6
    assert "connection refused" in said.err
    body = shell("gate", "check", written(tmp_path), *more, "-o", "json")
    assert (body.code, body.json["error"]["code"]) == (6, "unreachable")


def test_no_prometheus_at_all(shell: Shell, history: History, tmp_path: Path) -> None:
    shell.fake.metrics = None  # type: ignore[assignment]
    said = shell("gate", "check", written(tmp_path, own("up")))
    assert said.code == 0
    assert "the queries were not tried" in said.err
    assert shell("gate", "check", written(tmp_path), "--deployment", "serving/iris").code == 6


def test_a_wrong_file_needs_no_environment(shell: Shell, tmp_path: Path) -> None:
    file = written(tmp_path, 'basline = 300\ntimeout = "5m"\n')
    said = shell("gate", "check", file)
    assert said.code == 2
    assert said.out.splitlines() == [
        f"error: {file}:1: basline: unknown key; did you mean `baseline`?",
        f"error: {file}:2: timeout: expected a number of seconds, found '5m': did you mean 300?",
    ]
    body = shell("gate", "check", file, "-o", "json").json
    assert (body["valid"], [problem["key"] for problem in body["problems"]]) == (False, ["basline", "timeout"])
    assert shell("gate", "check", str(tmp_path / "none.toml")).code == 2
    assert shell("gate", "chek", file).code == 2


def test_a_deployment_that_is_not_there_or_serves_nothing(shell: Shell, history: History, tmp_path: Path) -> None:
    said = shell("gate", "check", written(tmp_path), "--deployment", "serving/wine", "-o", "json")
    assert (said.code, said.json["error"]["code"]) == (3, "not_found")
    shell.fake.cluster.pods.clear()
    said = shell("gate", "check", written(tmp_path), "--deployment", "serving/iris")
    assert said.code == 3
    assert "no ready pod" in said.err
