"""The live screen's words: which span, how old, which moment, what is missing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.metrics.charts.chart_kind import ChartKind
from modeldeck.domain.metrics.charts.chart_lines import ChartLine, measured_lines
from modeldeck.domain.metrics.charts.compared_time import ComparedTime
from modeldeck.live.deployment_charts import SpanCharts, SpanQuery
from modeldeck.render.cell import line_text
from modeldeck.screens.live.view import LiveScreenView, axis_of, is_answer, known_charts, live_screen_view, moment, query_of, shown, span
from modeldeck.screens.shared.timeline import Timeline
from tests.support import sample

NOW = sample.NOW  # Jan 15 2027, 08:00:00 UTC
QUERY = SpanQuery(1800.0)
CHARTS = SpanCharts(
    QUERY,
    NOW - 1800.0,
    NOW,
    NOW,
    15.0,
    measured_lines(sample.charts().points),
    dict.fromkeys(("p50", "p90", "p99", "requests", "errors"), "up"),
)


FOLLOWING = Timeline()


def view(timeline: Timeline = FOLLOWING, charts: SpanCharts | None = CHARTS, *, now: float = NOW, **query: Any) -> LiveScreenView:
    wanted = replace(QUERY, window=timeline.window, end=timeline.end, **query)
    return live_screen_view("serving/iris", timeline, charts, (), now, wanted=wanted, width=120)


def above(found: LiveScreenView) -> str:
    return line_text(found.above[0])


def test_it_says_whose_and_from_when_to_when() -> None:
    found = view()
    assert (found.detail, found.figure) == ("serving/iris · last 30 m", "step 15 s")
    assert above(found) == "Jan 15 07:30:00 – 08:00:00"
    assert len(found.charts) == 3


def test_before_the_first_answer_there_is_only_its_name() -> None:
    assert view(charts=None) == LiveScreenView("serving/iris · last 30 m", "", (), ())


def test_a_picture_that_stands_still_says_so_and_how_far_it_is_behind() -> None:
    found = view(Timeline(1800.0, NOW), now=NOW + 130.0)
    assert found.detail == "serving/iris · 30 m"
    assert "‖ paused, ends 2 m ago" in above(found)
    assert line_text(found.charts[1].statistics).startswith("min"), "it is still the answer"


def test_the_cursor_tells_its_moment_with_its_age() -> None:
    found = view(Timeline(1800.0, None, NOW - 903.0))
    assert "│ 07:45:00, 15 m ago" in above(found)
    assert found.charts[0].data.cursor == NOW - 900.0


def test_where_data_begin_later_it_says_so_if_there_is_room() -> None:
    late = replace(CHARTS, start=NOW - 600.0)
    assert above(view(charts=late)) == "Jan 15 07:50:00 – 08:00:00  no data before"
    assert "no data before" in above(view(Timeline(1800.0, NOW, NOW), late))
    narrow = live_screen_view("serving/iris", Timeline(1800.0, NOW, NOW), late, (), NOW, wanted=replace(QUERY, end=NOW), width=78)
    assert "no data before" not in above(narrow)


def test_another_window_shows_what_is_known_until_it_has_been_read() -> None:
    found = view(Timeline(3600.0))
    assert above(found) == "Jan 15 07:00:00 – 08:00:00"
    assert found.charts[0].data.series[0].points
    assert line_text(found.charts[0].statistics) == "reading …"


def test_some_of_the_charts_are_counted() -> None:
    assert view(kinds=frozenset({ChartKind.LATENCY, ChartKind.REQUESTS})).figure == "charts 1–2 of 3 · step 15 s"
    assert view(kinds=frozenset({ChartKind.ERRORS})).figure == "chart 3 of 3 · step 15 s"


def test_pods_without_known_metrics_are_told_with_what_to_do() -> None:
    found = view(charts=replace(CHARTS, promql={}))
    assert "no metrics of a known model server here: see `modeldeck doctor`" in line_text(found.above[-1])
    assert not found.charts


@pytest.mark.parametrize(("count", "last"), [(1, "! w0"), (2, "! w1"), (5, "! w1 and 3 more")])
def test_prometheus_warnings_are_shown(count: int, last: str) -> None:
    below = view(charts=replace(CHARTS, warnings=tuple(f"w{number}" for number in range(count)))).below
    assert line_text(below[-1]) == last
    assert len(below) == min(count, 2)


def test_no_more_is_asked_for_than_can_be_seen() -> None:
    kinds = known_charts(CHARTS)
    assert kinds == (ChartKind.LATENCY, ChartKind.REQUESTS, ChartKind.ERRORS)
    assert query_of(Timeline(), kinds, 118) == SpanQuery(1800.0, None, 218, frozenset(kinds))
    assert query_of(Timeline(3600.0, NOW), (), 0) == SpanQuery(3600.0, NOW, 40, frozenset())
    assert shown(kinds, 0, 21) == kinds[:2]
    assert shown(kinds, 1, 21) == kinds[1:]
    assert shown(kinds, 9, 0) == kinds[2:]


def test_only_what_is_exported_is_among_the_charts() -> None:
    assert known_charts(None) == tuple(ChartKind), "it is not known yet"
    more = replace(CHARTS, promql={**CHARTS.promql, "highest memory": "up", "mean memory": "up"})
    assert known_charts(more)[3:] == (ChartKind.MEMORY,)


def test_an_answer_is_of_the_same_span_with_all_charts() -> None:
    assert is_answer(CHARTS, QUERY)
    assert is_answer(CHARTS, replace(QUERY, kinds=frozenset({ChartKind.ERRORS})))
    assert not is_answer(replace(CHARTS, query=replace(QUERY, kinds=frozenset())), QUERY)
    assert not is_answer(CHARTS, replace(QUERY, window=300.0))
    assert is_answer(CHARTS, replace(QUERY, end=NOW))
    assert not is_answer(CHARTS, replace(QUERY, end=NOW - 60.0))
    assert not is_answer(replace(CHARTS, query=replace(QUERY, end=NOW - 60.0)), QUERY)


def test_the_axis_is_that_of_the_answer_or_of_the_question() -> None:
    answered = replace(CHARTS, start=NOW - 600.0)
    assert axis_of(answered, QUERY, NOW + 5.0, 120).start == NOW - 600.0
    assert axis_of(answered, replace(QUERY, window=300.0), NOW + 5.0, 120).start == NOW - 295.0
    assert axis_of(None, replace(QUERY, end=NOW - 60.0), NOW, 120).end == NOW - 60.0


def test_a_span_over_midnight_names_both_days_and_a_moment_of_today_none() -> None:
    assert span(NOW - 86400.0, NOW) == "Jan 14 08:00 – Jan 15 08:00"
    assert span(NOW - 43200.0, NOW) == "Jan 14 20:00:00 – Jan 15 08:00:00"
    assert moment(NOW - 60.0, NOW) == "07:59:00"
    assert moment(NOW - 86400.0, NOW) == "Jan 14 08:00:00"
    assert moment(NOW - 86400.0, NOW, exact=False) == "Jan 14 08:00"


def test_all_times_of_a_long_span_fit_beside_each_other() -> None:
    found = view(Timeline(7 * 86400.0, NOW - 86400.0, NOW - 2 * 86400.0))
    assert above(found) == "Jan 07 08:00 – Jan 14 08:00  ‖ paused, ends 1 d ago  │ Jan 13 08:00, 2 d ago"
    assert len(above(found)) <= 78


def test_an_earlier_line_is_drawn_only_where_it_is_the_one_that_is_wanted() -> None:
    line = ChartLine("p99", ((NOW - 600.0, 0.1),))
    compared = replace(CHARTS, query=replace(QUERY, compared=ComparedTime.DAY), earlier={ChartKind.LATENCY: line})
    drawn = {wanted: view(charts=compared, compared=wanted).charts[0].data.earlier for wanted in (None, *ComparedTime)}
    assert drawn == {None: (), ComparedTime.DAY: line.points, ComparedTime.WEEK: ()}
    assert is_answer(compared, QUERY), "what is compared answers what is not"
    assert not is_answer(CHARTS, replace(QUERY, compared=ComparedTime.DAY))
