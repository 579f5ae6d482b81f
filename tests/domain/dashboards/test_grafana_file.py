"""Files of Grafana, of new and old schemas: what is shown of them, what is not and why, and what is no dashboard at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.dashboards.dashboard import Dashboard, Unshown, VariableKind
from modeldeck.domain.dashboards.grafana_file import LARGEST, MOST_PANELS, NoDashboard, read_dashboard, seconds_of

FILES = Path(__file__).parents[2] / "support" / "grafana"
NEW, OLD = ((FILES / f"{name}.json").read_bytes() for name in ("model_serving", "old"))


def read(*panels: Any, **more: Any) -> Dashboard:
    return read_dashboard(json.dumps({"title": "T", "panels": list(panels), **more}).encode())


def panel(**more: Any) -> dict[str, Any]:
    return {"type": "timeseries", "title": "P", "targets": [{"expr": "up"}], **more}


def why(**more: Any) -> str:
    """Why a panel is not shown; "" where it is."""
    found = read(panel(**more))
    return found.unshown[0].reason if not found.panels else ""


def test_panels_stand_below_their_rows_folded_or_not() -> None:
    found = read_dashboard(NEW)
    assert found.title == "Model serving"
    assert [(one.row, one.title, one.unit) for one in found.panels] == [
        ("Traffic", "Requests by pod", "reqps"),
        ("Traffic", "Requests in the window", "short"),
        ("Latency", "Latency $quantile", "s"),
        ("Other", "Regions", ""),
    ]
    assert found.panels[2].targets[0].least_step == 30.0


def test_what_cannot_be_shown_is_said_by_the_panels_name() -> None:
    found = {one.panel: one.reason for one in read_dashboard(NEW).unshown}
    assert found == {
        "variable $filter": "of the type adhoc",
        "Requests in the window": "shown over time, where Grafana shows one value (stat)",
        "Latency $quantile": "shown once, where Grafana repeats it for each value of $quantile",
        "Latency buckets": "a panel of the type heatmap",
        "About": "a panel of the type text",
        "Log lines": "its data are from loki",
        "Error share": "it computes with expressions of Grafana's own",
        "Summed up": "its data are transformed (calculateField)",
        "Yesterday": "it has a time of its own (timeShift 1d)",
        "Shared": "a panel of Grafana's library, which is not in the file",
    }


def test_variables_and_what_the_file_has_chosen() -> None:
    namespace, pod, quantile, window = read_dashboard(NEW).variables
    assert (namespace.kind, namespace.query, namespace.label, namespace.several) == (
        VariableKind.QUERY,
        "label_values(http_requests_total, namespace)",
        "Namespace",
        False,
    )
    assert (pod.multi, pod.include_all, pod.current, pod.regex) == (True, True, ("$__all",), "/.*/")
    assert (quantile.kind, quantile.query, window.kind) == (VariableKind.CUSTOM, "0.5,0.9, 0.99", VariableKind.INTERVAL)


def test_the_schema_of_before_grafana_5() -> None:
    found = read_dashboard(OLD)
    assert [(one.row, one.title, one.unit, one.targets[0].legend) for one in found.panels] == [
        ("Dashboard Row", "Memory", "bytes", "{{ instance }}"),
        ("Dashboard Row", "Up", "percentunit", ""),
    ]
    assert [(one.panel, one.reason) for one in found.unshown][1:] == [
        ("From InfluxDB", "its data are from another kind of data source"),
        ("Targets", "a panel of the type table"),
    ]


def test_as_the_api_hands_it_out() -> None:
    assert read_dashboard(json.dumps({"meta": {}, "dashboard": json.loads(OLD)}).encode()) == read_dashboard(OLD)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({}, ""),
        ({"datasource": None}, ""),
        ({"datasource": {"type": "prometheus"}}, ""),
        ({"datasource": {"type": "influxdb"}}, "its data are from influxdb"),
        ({"datasource": "-- Dashboard --"}, "its data are from -- Dashboard --"),
        ({"datasource": "-- Mixed --"}, ""),
        ({"datasource": "-- Mixed --", "targets": [{"expr": "up", "datasource": {"type": "loki"}}]}, "its data are from loki"),
        ({"transformations": [{"id": "organize"}]}, ""),
        ({"timeFrom": "1h"}, "it has a time of its own (timeFrom 1h)"),
        ({"targets": []}, "it has no query"),
        ({"targets": [{"expr": "up", "hide": True}]}, "it has no query"),
        ({"targets": "odd"}, "it has no query"),
        ({"targets": [{"expr": "x" * 30_000}]}, "a query of it is too long"),
        ({"type": None}, "a panel of the type ?"),
    ],
)
def test_where_a_panels_data_come_from(more: dict[str, Any], reason: str) -> None:
    assert why(**more) == reason


def test_more_panels_and_queries_than_there_is_room_for_are_told() -> None:
    found = read(*[panel()] * (MOST_PANELS + 1))
    assert len(found.panels) == MOST_PANELS
    assert found.unshown == (Unshown(f"panels after the first {MOST_PANELS}", "there are too many"),)
    found = read(panel(targets=[{"expr": "up"}] * 30))
    assert (len(found.panels[0].targets), found.unshown[0].reason) == (12, "of its 30 queries the first 12 are shown")


def test_a_file_of_two_million_bytes_is_read() -> None:
    found = read(*[panel(description="x" * 20_000)] * 100)
    assert len(found.panels) == 100


@pytest.mark.parametrize(
    ("data", "message", "line"),
    [
        (b'{\n "panels": [\n  {"title": }\n ]\n}', "it is not JSON", 3),
        (b"", "it is not JSON", 1),
        (b"[" * 200_000, "nested too deep", 0),
        (b"{}\n\xff", "it is not UTF-8 text", 2),
        (b"[]", "it is no object", 0),
        (b'{"title": "x"}', "neither panels nor rows", 0),
        (b'{"apiVersion": "v2", "spec": {"elements": {}}}', "schema v2", 0),
        (b" " * (LARGEST + 1), "it is too large", 0),
        (b'{"panels": [' + b"9" * 5000 + b"]}", "a number without an end", 0),
    ],
)
def test_what_is_no_dashboard(data: bytes, message: str, line: int) -> None:
    with pytest.raises(NoDashboard, match=message) as told:
        read_dashboard(data)
    assert told.value.line == line


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30.0), ("1m", 60.0), (">10s", 10.0), ("500ms", 0.5), ("soon", None), ("", None)])
def test_lengths_of_time(text: str, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "panels",
                    "rows",
                    "type",
                    "title",
                    "targets",
                    "expr",
                    "datasource",
                    "templating",
                    "list",
                    "name",
                    "query",
                    "current",
                    "uid",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["panels", "rows", "templating", "title", "annotations", "__inputs"]), JSON))
def test_whatever_shape_it_has_it_is_read_or_told(body: dict[str, Any]) -> None:
    """Nothing but words comes of it."""
    try:
        found = read_dashboard(json.dumps(body).encode()).title
    except NoDashboard as refused:
        found = str(refused)
    assert found
