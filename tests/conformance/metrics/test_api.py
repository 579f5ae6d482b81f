"""The HTTP API around the queries: parameters, errors, lists, and what becomes of targets."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from tests.conformance.metrics.conftest import Server, until


@pytest.mark.parametrize(
    ("path", "parameters", "expected"),
    [
        ("query", {}, (400, "bad_data")),
        ("query", {"query": "sum("}, (400, "bad_data")),
        ("query", {"query": "sum by (zone"}, (400, "bad_data")),
        ("query", {"query": "rate(gauge)"}, (400, "bad_data")),
        ("query", {"query": "sum(gauge[5s])"}, (400, "bad_data")),
        ("query", {"query": "histogram_quantile(0.9)"}, (400, "bad_data")),
        ("query", {"query": "no_such_function(gauge)"}, (400, "bad_data")),
        ("query", {"query": "1 > 2"}, (400, "bad_data")),
        ("query", {"query": "{}"}, (400, "bad_data")),
        ("query", {"query": 'gauge{zone=~"("}'}, (400, "bad_data")),
        ("query", {"query": "gauge", "time": "yesterday"}, (400, "bad_data")),
        ("query", {"query": "gauge", "limit": "-1"}, (400, "bad_data")),
        ("query_range", {"query": "gauge", "start": 100, "end": 50, "step": 1}, (400, "bad_data")),
        ("query_range", {"query": "gauge", "start": 0, "end": 11_001, "step": 1}, (400, "bad_data")),
        ("query_range", {"query": "gauge", "start": 0, "end": 10, "step": 0}, (400, "bad_data")),
        ("query_range", {"query": "gauge", "start": 0, "end": 10, "step": "soon"}, (400, "bad_data")),
        ("query_range", {"query": "gauge", "start": 0, "end": 10}, (400, "bad_data")),
        ("query_range", {"query": "gauge[5s]", "start": 0, "end": 10, "step": 1}, (400, "bad_data")),
        ("query_range", {"query": "gauge", "end": 10, "step": 1}, (400, "bad_data")),
        ("query", {"query": '{__name__=~"gauge|other"} + gauge'}, (422, "execution")),
        ("series", {}, (400, "bad_data")),
        ("series", {"match": "sum(gauge)"}, (400, "bad_data")),
    ],
)
def test_refusals(server: Server, path: str, parameters: dict[str, object], expected: tuple[int, str]) -> None:
    assert server.refusal(path, **parameters) == expected


def test_vectors_without_a_common_label_set_have_no_sum(server: Server) -> None:
    assert server.vector("sum by (zone) (gauge) + gauge") == {}


def test_the_limit_of_points_is_exactly_11000(server: Server) -> None:
    end = int(time.time())
    assert server.get("query_range", query="gauge", start=end - 11_000, end=end, step=1).status_code == 200
    answer = server.get("query_range", query="gauge", start=end - 11_001, end=end, step=1)
    assert "exceeded maximum resolution of 11,000 points per timeseries" in answer.json()["error"]


@pytest.mark.parametrize("path", ["query", "query_range", "series", "labels"])
def test_forms_do_as_well_as_urls(server: Server, path: str) -> None:
    end = int(time.time())
    form = {"query": "gauge", "match[]": "gauge", "start": str(end - 4), "end": str(end), "step": "2", "time": str(end)}
    posted = server.client.post(f"/api/v1/{path}", data=form).json()
    assert posted["status"] == "success"
    assert posted == server.client.get(f"/api/v1/{path}", params=form).json()


def test_times_may_be_written_out(server: Server) -> None:
    moment = datetime.fromtimestamp(int(time.time()) - 1, UTC)
    text = moment.isoformat().replace("+00:00", "Z")
    assert server.data("query", query="zero", time=text) == server.data("query", query="zero", time=moment.timestamp())


def test_series_labels_and_values(server: Server) -> None:
    rows = server.data("series", match='gauge{zone="a"}')
    assert {(row["zone"], row["shelf"]) for row in rows} == {("a", "1"), ("a", "2")}
    assert all(row["namespace"] == "serving" and row["pod"] == "pod-1" for row in rows)
    assert {"__name__", "zone", "le", "instance", "job"} <= set(server.data("labels"))
    assert "le" not in server.data("labels", match="gauge")
    assert server.data("label/zone/values") == ["a", "b", "b.b"]
    assert server.data("label/zone/values", match="other") == ["a", "b"]
    assert server.data("label/nothing/values") == []
    names = server.data("label/__name__/values")
    assert {"gauge", "up", "wait_seconds_bucket", "scrape_duration_seconds", "scrape_samples_scraped"} <= set(names)
    assert names == sorted(names)


def test_lists_heed_the_time_range(server: Server) -> None:
    long_ago = {"start": time.time() - 86_400, "end": time.time() - 80_000}
    assert server.data("series", match="gauge", **long_ago) == []
    assert server.data("series", match="gauge", start=time.time() - 60, end=time.time() + 60) != []


@pytest.mark.parametrize(("path", "parameters"), [("query", {"query": "gauge"}), ("label/zone/values", {}), ("labels", {})])
def test_a_limit_says_that_it_cut(server: Server, path: str, parameters: dict[str, object]) -> None:
    answer = server.get(path, **parameters, limit=1).json()
    rows = answer["data"]["result"] if path == "query" else answer["data"]
    assert len(rows) == 1
    assert any("truncated" in message for message in answer["warnings"])
    assert "warnings" not in server.get(path, **parameters, limit=1000).json()


def test_metadata(server: Server) -> None:
    found = server.data("metadata")
    assert found["gauge"] == [{"type": "gauge", "help": "A gauge that never moves.", "unit": ""}]
    assert found["wait_seconds"][0]["type"] == "histogram"
    assert set(server.data("metadata", metric="steady_total")) == {"steady_total"}
    assert server.data("metadata", metric="nothing") == {}


def test_targets(server: Server) -> None:
    (target,) = server.data("targets", state="active")["activeTargets"]
    assert target["health"] == "up"
    assert target["labels"] == {
        "instance": server.exporter.address,
        "job": "model-servers",
        "namespace": "serving",
        "pod": "pod-1",
    }
    assert target["scrapeUrl"] == f"http://{server.exporter.address}/metrics"
    assert target["lastError"] == ""
    assert target["scrapeInterval"] == "1s"
    assert abs(datetime.fromisoformat(target["lastScrape"]).timestamp() - time.time()) < 10
    assert server.data("targets", state="dropped")["activeTargets"] == []


def test_the_targets_labels_win_over_the_programs(server: Server) -> None:
    (row,) = server.data("query", query="clash")["result"]
    assert row["metric"]["pod"] == "pod-1"
    assert row["metric"]["exported_pod"] == "mine"


def test_rules_alerts_and_build(server: Server) -> None:
    assert server.data("rules") == {"groups": []}
    assert server.data("alerts") == {"alerts": []}
    version = server.data("status/buildinfo")["version"]
    assert ("stand-in" in version) == (server.kind == "stand-in")
    assert server.client.get("/api/v1/no/such/thing").status_code == 404
    assert server.client.get("/-/healthy").is_success


def test_a_series_that_is_not_exposed_any_more_is_gone_at_once(server: Server) -> None:
    until(lambda: server.vector("passing") != {}, "the series never came")
    server.exporter.extra = False
    until(lambda: server.vector("passing") == {}, "the series did not end with the scrape that missed it")
    assert server.vector("zero") != {}
    server.exporter.extra = True


def test_a_program_that_fails_is_down_and_its_series_end(server: Server) -> None:
    server.exporter.broken = True
    try:
        until(lambda: server.vector("up") != {} and server.value("up") == 0, "it never went down")
        until(lambda: server.vector("zero") == {}, "its series did not end")
        (target,) = server.data("targets")["activeTargets"]
        assert target["health"] == "down"
        assert "500" in target["lastError"]
    finally:
        server.exporter.broken = False
        until(lambda: server.value("up") == 1 and server.vector("zero") != {}, "it never came back")


def test_a_target_that_is_taken_off_the_list_ends_its_series(server: Server) -> None:
    server.list()
    try:
        until(lambda: server.vector("up") == {} and server.vector("zero") == {}, "its series did not end")
        assert server.data("targets")["activeTargets"] == []
    finally:
        server.list(server.exporter.address)
        until(lambda: server.vector("zero") != {}, "it never came back")
