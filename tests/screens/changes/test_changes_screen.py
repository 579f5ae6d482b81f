"""What changed, as a list: the likeliest first, the selected one in full, and what is not known."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from modeldeck.domain.changes.change_event import ChangeEvent, ChangeKind, ChangeQuestion, Changes, Reach
from modeldeck.domain.failures import Failure, Unreachable
from modeldeck.screens.changes.changes_screen import ChangesScreen
from tests.support import sample
from tests.support.clocks import FakeClock, settle
from tests.support.staging import Stage, settled, stage

NOW = sample.NOW
ASKED = ChangeQuestion(NOW - 120, 1800.0, NOW - 135, "p99 41 ms → 180 ms")
EVENTS = (
    ChangeEvent(
        ChangeKind.PROMOTION,
        NOW - 300,
        "deployment serving/iris",
        "iris v6 → v7",
        "journal",
        until=NOW - 90,
        details=("by ann@box", "better on the new data", "revision 4: variable MODEL_URI of server: models:/iris/6 → models:/iris/7"),
    ),
    ChangeEvent(
        ChangeKind.CRASH,
        NOW - 180,
        "pod iris-7d9f-x2k4p",
        "OOMKilled, exit code 137, container server",
        "pod status",
        details=("on node node-2",),
    ),
    ChangeEvent(ChangeKind.CONFIG, NOW - 400, "ConfigMap settings", "written by kubectl-edit", "managedFields"),
    ChangeEvent(ChangeKind.OUTLIER, NOW - 300, "pod iris-7d9f-x2k4p", "p99 820 ms, its 3 siblings 95 ms", "Prometheus", until=NOW),
    ChangeEvent(ChangeKind.NODE, NOW - 500, "node node-2", "has MemoryPressure", "node status", reach=Reach.NODE),
    ChangeEvent(ChangeKind.ROLLOUT, NOW - 60, "deployment serving/wine", "revision 3", "ReplicaSet wine-5c", reach=Reach.NEIGHBOUR),
)
NOT_KNOWN = (
    "Secret key may have changed: secrets is forbidden",
    "events of nodes: events is forbidden",
    "how nodes stand: nodes is forbidden",
)


class Answers:
    """Answers with `found`, or fails."""

    def __init__(self, events: tuple[ChangeEvent, ...] = EVENTS, not_known: tuple[str, ...] = ()) -> None:
        self.found = Changes(ASKED, events, not_known)
        self.failure: Failure | None = None
        self.times = 0

    async def __call__(self) -> Changes:
        self.times += 1
        if self.failure is not None:
            raise self.failure
        return self.found

    def screen(self) -> ChangesScreen:
        return ChangesScreen("serving/iris", ASKED, self, FakeClock(NOW))


@asynccontextmanager
async def watched(asked: Answers, size: tuple[int, int] = (120, 40)) -> AsyncIterator[tuple[Stage, Pilot[None]]]:
    async with stage(asked.screen, size=size) as (app, pilot):
        await settle()
        await settled(pilot)
        yield app, pilot


async def pressed(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await settle()
    await settled(pilot)


async def test_the_likeliest_first_with_its_time_from_the_moment() -> None:
    async with watched(Answers()) as (app, _):
        lines = app.text().splitlines()
        assert "What changed ─ serving/iris · p99 41 ms → 180 ms at" in app.text()
        rows = [line for line in lines if "before" in line or "after" in line]
        assert ["since 3 min before" in rows[0], "60 s before" in rows[1], "60 s after" in rows[-1]] == [True, True, True]
        assert "promotion" in rows[0]
        assert "OOMKilled" in rows[1]


async def test_the_selected_one_in_full() -> None:
    async with watched(Answers()) as (app, pilot):
        assert "better on the new data" in app.text()
        await pressed(pilot, "j")
        assert "on node node-2" in app.text()
        assert "better on the new data" not in app.text()


async def test_what_is_not_known_stands_below_and_the_rest_is_counted() -> None:
    async with watched(Answers(not_known=NOT_KNOWN)) as (app, _):
        assert "? Secret key may have changed" in app.text()
        assert "? and 2 more that could not be looked at" in app.text()


async def test_nothing_is_said_to_have_happened_only_where_nothing_is_known() -> None:
    async with watched(Answers(())) as (app, _):
        assert "nothing is known to have happened then" in app.text()


async def test_a_cluster_that_is_away_and_comes_back() -> None:
    asked = Answers()
    asked.failure = Unreachable("connection refused", backend="Kubernetes")
    async with watched(asked) as (app, pilot):
        assert "connection refused" in app.text()
        asked.failure = None
        await pressed(pilot, "ctrl+r")
        assert "OOMKilled" in app.text()
        assert asked.times == 2


async def test_the_same_key_leaves() -> None:
    async with watched(Answers()) as (app, pilot):
        assert isinstance(app.screen, ChangesScreen)
        await pressed(pilot, "x")
        assert not isinstance(app.screen, ChangesScreen)


async def test_a_small_terminal_keeps_when_and_what() -> None:
    async with watched(Answers(), size=(80, 24)) as (app, _):
        row = next(line for line in app.text().splitlines() if "60 s before" in line)
        assert "crash" in row
        assert "OOMKilled" in row
