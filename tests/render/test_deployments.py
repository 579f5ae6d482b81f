"""Truth rows as cells: no sign, text or colour alone says it, and nothing unknown is shown as 0."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.domain.alerts.alert import Alert, AlertState
from modeldeck.domain.kubernetes.rollout import RolloutStatus
from modeldeck.domain.links.links import LinkSource, ServingLink, Slot
from modeldeck.domain.metrics.samples import NOTHING_KNOWN, ServingStats
from modeldeck.domain.status.serving_row import Code, Disagreement, LiveVersion, ServingRow
from modeldeck.render import deployments
from modeldeck.render.cell import Cell

LINK = ServingLink("iris", "7", None, None, LinkSource.ENV_URI, Slot("/spec", "models:/iris/7"), None)
DONE = RolloutStatus("done", "")
ROW = ServingRow("serving", "iris", LINK, "iris", "7", "champion", "7", (LiveVersion("7", 2, 2),), 2, 2, 2, 2, DONE, 1, NOTHING_KNOWN, ())

FIRING, PENDING = Alert("A", AlertState.FIRING, {}), Alert("B", AlertState.PENDING, {})


def disagreeing(code: Code) -> ServingRow:
    return replace(ROW, disagreements=(Disagreement(code, "because"),))


def test_the_sign_is_for_what_is_wrong_then_for_what_is_not_linked() -> None:
    assert deployments.sign(ROW) == " "
    assert deployments.sign(replace(ROW, link=None)) == "?"
    assert deployments.sign(disagreeing(Code.PODS_DIFFER)) == "!"
    assert deployments.sign(replace(disagreeing(Code.PODS_DIFFER), link=None)) == "!"


@pytest.mark.parametrize(("ready", "desired", "role"), [(2, 2, "ok"), (1, 2, "warn"), (3, 2, "ok"), (0, 0, "warn")])
def test_pods(ready: int, desired: int, role: str) -> None:
    assert deployments.pods(replace(ROW, ready=ready, desired=desired)) == (f"{ready}/{desired}", role)


def test_what_the_template_says() -> None:
    assert deployments.spec(ROW) == Cell("v7", "version")
    assert deployments.spec(replace(ROW, spec_version=None)) == Cell("–", "version")
    assert deployments.spec(replace(ROW, link=None)) == Cell("–", "muted")


@pytest.mark.parametrize(
    ("row", "cell"),
    [
        (ROW, Cell("v7", "alias")),
        (replace(ROW, alias_version=None), Cell("–", "muted")),
        (disagreeing(Code.ALIAS_DIFFERS), Cell("v7", "warn")),
        (disagreeing(Code.ALIAS_MOVED), Cell("v7", "warn")),
        (replace(disagreeing(Code.ALIAS_MISSING), alias_version=None), Cell("–", "warn")),
        (disagreeing(Code.PODS_DIFFER), Cell("v7", "alias")),
    ],
)
def test_what_the_alias_says(row: ServingRow, cell: Cell) -> None:
    assert deployments.alias(row) == cell


@pytest.mark.parametrize(
    ("live", "cell"),
    [
        ((LiveVersion("7", 2, 2),), Cell("v7", "version")),
        ((LiveVersion("6", 1, 1),), Cell("v6", "warn")),
        ((LiveVersion("6", 1, 1), LiveVersion("7", 1, 0)), Cell("v6+v7", "warn")),
        ((LiveVersion("6", 0, 0), LiveVersion("7", 1, 0)), Cell("v7", "version")),
        ((LiveVersion(None, 1, 1),), Cell("?", "warn")),
        ((), Cell("–", "muted")),
    ],
)
def test_what_the_pods_serve(live: tuple[LiveVersion, ...], cell: Cell) -> None:
    assert deployments.live(replace(ROW, live=live)) == cell


def test_pods_of_a_template_that_names_no_version_are_not_wrong() -> None:
    assert deployments.live(replace(ROW, spec_version=None)).role == "version"


def stats(**values: float) -> ServingRow:
    return replace(ROW, stats=ServingStats(**values))


def test_what_is_not_known_is_a_dash() -> None:
    assert deployments.p99(ROW) == deployments.errors(ROW) == deployments.requests(ROW) == Cell("–", "muted")


def test_figures_warn_above_their_bounds() -> None:
    assert [deployments.p99(stats(p99=value)).role for value in (0.0, 1.0, 1.1)] == ["", "", "warn"]
    assert [deployments.errors(stats(error_ratio=value)).role for value in (0.0, 0.01, 0.02)] == ["muted", "warn", "bad"]
    assert deployments.requests(stats(requests_per_second=0.0)).role == ""


def test_each_state_of_a_rollout_has_a_text_of_its_own_and_a_new_one_its_name() -> None:
    cells = [deployments.rollout(replace(ROW, rollout=RolloutStatus(state, ""))) for state in ("done", "progressing", "waiting", "failed")]
    assert len({cell.text for cell in cells}) == 4
    assert [cell.role for cell in cells] == ["ok", "accent", "accent", "bad"]
    assert deployments.rollout(replace(ROW, rollout=RolloutStatus("paused", ""))) == Cell("paused", "muted")


@pytest.mark.parametrize(
    ("alerts", "cell"),
    [
        ((), Cell("iris")),
        (None, Cell("iris")),
        ((PENDING,), Cell("△ iris", "warn")),
        ((FIRING, PENDING), Cell("▲ iris", "bad")),
        ((replace(FIRING, silenced=True),), Cell("iris")),
    ],
)
def test_an_alert_stands_before_the_name(alerts: tuple[Alert, ...] | None, cell: Cell) -> None:
    assert deployments.name(replace(ROW, alerts=alerts)) == cell
