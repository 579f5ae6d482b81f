"""What keys make of a question, and what is shown of an answer to another one."""

from __future__ import annotations

from dataclasses import replace

from modeldeck.live.drift.watch import DriftQuery
from modeldeck.render.cell import line_text
from modeldeck.screens.drift.view import BASELINES, WINDOWS, chosen, drift_view, next_baseline, resized
from tests.screens.drift.test_drift_screen import NOW, DriftAnswers
from tests.support.clocks import FakeClock

QUERY = DriftQuery()


def test_windows_end_at_the_longest_and_the_shortest() -> None:
    assert resized(QUERY, 100).window == WINDOWS[-1]
    assert resized(QUERY, -100).window == WINDOWS[0]


def test_baselines_come_round() -> None:
    query, seen = QUERY, []
    for _ in BASELINES:
        seen.append(query.baseline)
        query = next_baseline(query)
    assert (tuple(seen), query) == (BASELINES, QUERY)


async def test_histograms_end_at_the_first_and_the_last() -> None:
    span = await DriftAnswers(FakeClock(NOW)).read(QUERY)
    assert chosen(QUERY, span, -1).histogram == "petal_length"
    assert chosen(QUERY, span, 1).histogram == "petal_width"
    assert chosen(chosen(QUERY, span, 1), span, 1).histogram == "sepal_width", "also before the answer about it has come"
    assert chosen(QUERY, span, 99).histogram == "model_prediction_value"


async def test_steps_of_another_question_are_not_shown_as_those_of_this_one() -> None:
    span = await DriftAnswers(FakeClock(NOW)).read(QUERY)
    settled = drift_view("serving/iris", QUERY, span, (), 118, 30)
    assert settled.charts[0].data.series[0].points
    for other in (replace(QUERY, histogram="petal_width"), replace(QUERY, window=3600.0), next_baseline(QUERY)):
        view = drift_view("serving/iris", other, span, (), 118, 30)
        assert view.charts[0].data.series[0].points == ()
        assert (view.charts[0].data.empty, view.figure) == ("reading …", "reading …")


async def test_of_many_histograms_the_chosen_one_is_in_sight() -> None:
    answers = DriftAnswers(FakeClock(NOW))
    answers.histograms = tuple(replace(answers.histograms[0], histogram=f"input_{n:02}") for n in range(30))
    span = await answers.read(QUERY)
    for name in ("input_00", "input_15", "input_29"):
        view = drift_view("serving/iris", replace(QUERY, histogram=name), span, (), 78, 20)
        assert any(f"▸ {name}" in line_text(line) for line in view.above)
        assert len(view.above) <= 6
