"""What the wall says of rows and charts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.domain.alerts.alert import Alert, AlertState
from modeldeck.domain.failures import Unreachable
from modeldeck.domain.kubernetes.rollout import RolloutStatus
from modeldeck.domain.metrics.samples import NOTHING_KNOWN
from modeldeck.domain.reading import Reading
from modeldeck.domain.status.attention import Attention
from modeldeck.domain.status.serving_row import Code, Disagreement
from modeldeck.live.fleet_charts import STEP, WINDOW, FleetCharts
from modeldeck.render.cell import Cell, line_text
from modeldeck.screens.wall.view import NO_CHARTS, Matching, figure, levels, points, reason, tile, trouble_lines
from tests.screens.wall.test_wall_screen import rows
from tests.support import sample

ROW = rows(1)[0]
GONE = Unreachable("gone", hint="look", backend="Prometheus")


@pytest.mark.parametrize(
    ("text", "holds"),
    [("", True), ("MODEL-0", True), ("!model", False), ("!nothing", True), ("iris", True), ("v1", True), ("v2", False), ("!", True)],
)
def test_a_filter(text: str, holds: bool) -> None:
    assert Matching(text).holds(ROW) is holds


def test_points_stand_at_even_steps_with_their_gaps() -> None:
    end = 6000.0
    charts = FleetCharts(end, p99={ROW.key: ((end - STEP, 0.1), (end - 3 * STEP, 0.2))})
    found = points(charts, ROW.key)
    assert len(found) == WINDOW / STEP + 1
    assert found[-4:] == ((end - 3 * STEP, 0.2), (end - 2 * STEP, None), (end - STEP, 0.1), (end, None))
    assert points(charts, "serving/other") == ()


def test_what_is_not_known_is_a_dash_and_never_nothing() -> None:
    found = tile(replace(ROW, stats=NOTHING_KNOWN), Attention.WELL, NO_CHARTS)
    assert (found.p99.text, found.requests.text, found.errors.text, found.points) == ("–", "–", "–", ())


def test_a_version_of_any_length_and_kind_does_not_push_the_rest_away() -> None:
    odd = replace(ROW, live=(replace(ROW.live[0], version="7\x1b[31m" + "9" * 40),))
    text = tile(odd, Attention.WELL, NO_CHARTS).version.text
    assert len(text) <= 12
    assert text.isprintable()


def test_reasons() -> None:
    differs = (Disagreement(Code.ALIAS_DIFFERS, "alias champion says v3"),)
    assert reason(ROW, NO_CHARTS) == ""
    dead = (Disagreement(Code.NOT_SERVING, "no pod of 2 is ready: it crashes"),)
    assert reason(replace(ROW, disagreements=dead, ready=0), NO_CHARTS) == "no pod of 2 is ready: it crashes"
    assert reason(replace(ROW, ready=1), NO_CHARTS) == "1 of 2 pods not ready"
    assert reason(replace(ROW, disagreements=differs), NO_CHARTS) == "alias champion says v3"
    assert reason(replace(ROW, rollout=RolloutStatus("progressing", "1 of 2 updated")), NO_CHARTS) == "1 of 2 updated"


def test_an_alert_is_named_unless_something_is_worse() -> None:
    alert = Alert("HighLatency", AlertState.FIRING, {}, 1.0)
    fires, many = replace(ROW, alerts=(alert,)), replace(ROW, alerts=(alert, alert, replace(alert, silenced=True)))
    assert (reason(fires, NO_CHARTS), reason(many, NO_CHARTS)) == ("HighLatency fires", "HighLatency fires, and 1 more")
    assert tile(fires, levels([fires], NO_CHARTS)[ROW.key], NO_CHARTS).sign == "▲"
    rolling = replace(fires, ready=1, rollout=RolloutStatus("progressing", "1 of 2 updated"))
    assert reason(rolling, NO_CHARTS) == "HighLatency fires"
    assert reason(replace(fires, ready=1), NO_CHARTS) == "1 of 2 pods not ready"
    failing = replace(fires, stats=replace(ROW.stats, error_ratio=0.05))
    assert reason(failing, NO_CHARTS) == "5.0 % of the requests fail"


def test_levels_need_a_past_for_what_is_slow() -> None:
    assert levels([ROW], NO_CHARTS) == {ROW.key: Attention.WELL}
    assert levels([ROW], FleetCharts(past_p99={ROW.key: 0.01})) == {ROW.key: Attention.SLOW}


def test_only_what_was_asked_for_and_is_not_there_is_said_to_be_missing() -> None:
    assert tile(ROW, Attention.WELL, NO_CHARTS).empty == ""
    assert tile(ROW, Attention.WELL, FleetCharts(asked=frozenset({ROW.key}))).empty == "no p99"


def test_what_is_slow_stands_out() -> None:
    assert tile(ROW, Attention.SLOW, FleetCharts(past_p99={ROW.key: 0.01})).p99 == Cell("30 ms", "warn")
    assert tile(ROW, Attention.SLOW, FleetCharts(past_p99={ROW.key: 0.03})).p99 == Cell("30 ms", "")


def test_the_figure() -> None:
    well = [Attention.WELL] * 3
    assert figure([], 0, 10) == ""
    assert figure(well, 0, 10) == "all well"
    assert figure([Attention.SLOW, *well], 0, 10) == "1 wants attention"
    assert figure([Attention.SLOW, Attention.ERRORS, *well], 2, 2) == "2 want attention · 3–4 of 5"


def test_one_trouble_is_told_the_most_telling_first() -> None:
    failed: Reading[object] = Reading("prod", None, None, GONE)
    charts: Reading[FleetCharts] = Reading("prod", FleetCharts(warnings=("part is missing", "more")), 1.0)

    def told(*given: object) -> str:
        return " ".join(line_text(line) for line in trouble_lines(*given))  # type: ignore[arg-type]

    assert told(failed, charts, sample.NOW, ()) == "! Prometheus: gone: figures are not known (look)"
    assert "charts are old" in told(None, Reading("prod", None, None, GONE), sample.NOW, ())
    assert told(None, charts, sample.NOW, ()) == "! part is missing (and 1 more)"
    assert told(None, Reading("prod"), sample.NOW, ("pods may not be listed",)) == "! pods may not be listed"
    assert told(None, Reading("prod"), sample.NOW, ()) == ""
