"""The newest runs are read once, and then what is new and what still runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from modeldeck.domain.mlflow.beats import beat
from modeldeck.domain.mlflow.runs import Run, RunPage, RunStatus
from modeldeck.live.recent_runs import BYTES_A_SECOND, EVERYWHERE_EVERY, MADE_LATELY, RUNS_A_PAGE, RecentRuns, bytes_of
from tests.support.clocks import FakeClock

RUNNING, FINISHED = RunStatus.RUNNING, RunStatus.FINISHED


class Server:
    """Answers MLflow's two questions by what their filters say."""

    def __init__(self, clock: FakeClock, count: int) -> None:
        self.asked: list[tuple[tuple[str, ...], str]] = []
        self.runs = {str(n): Run(str(n), f"r{n}", "e1", FINISHED, clock.now() - 5000 + n, clock.now() - 4000) for n in range(count)}

    def put(self, run: Run) -> None:
        self.runs[run.id] = run

    async def search_runs(self, ids: Sequence[str], *, filter_text: str = "", page_size: int = 0, **_: Any) -> RunPage:
        self.asked.append((tuple(ids), filter_text))
        found = sorted(self.runs.values(), key=lambda run: -(run.started_at or 0))
        if since := re.search(r"start_time > (\d+)", filter_text):
            found = [run for run in found if (run.started_at or 0) * 1000 > int(since[1])]
        if chosen := re.search(r"run_id IN \((.*)\)", filter_text):
            found = [run for run in found if f"'{run.id}'" in chosen[1]]
        if "status = 'RUNNING'" in filter_text:
            found = [run for run in found if run.status is RUNNING]
        return RunPage(tuple(found[:page_size]), str(page_size) if len(found) > page_size else None)


def bench(count: int = RUNS_A_PAGE + 50) -> tuple[RecentRuns, Server, FakeClock]:
    clock = FakeClock()
    server = Server(clock, count)
    tracking: Any = server
    return RecentRuns(tracking, clock), server, clock


async def test_while_nothing_changes_one_small_question_is_asked() -> None:
    recent, server, _ = bench()
    first = await recent.page(("e1", "e2"), "")
    second = await recent.page(("e1", "e2"), "")
    assert (second.runs, second.next_token) == (first.runs, "100")
    assert [filter_text.partition(" >")[0] for _, filter_text in server.asked] == ["", "attributes.start_time"]


async def test_what_starts_comes_first_and_what_runs_is_read_again() -> None:
    recent, server, clock = bench()
    await recent.page(("e1",), "params.a = '1'")
    server.put(Run("new", "new", "e7", RUNNING, clock.now(), None, metrics={"loss": 1.0}))
    assert (await recent.page(("e1",), "params.a = '1'")).runs[0].metrics == {"loss": 1.0}
    server.put(Run("new", "new", "e7", FINISHED, clock.now() - 3600, clock.now(), metrics={"loss": 0.5}))
    page = await recent.page(("e1",), "params.a = '1'")
    assert next(run for run in page.runs if run.id == "new").status is FINISHED
    assert all(filter_text.startswith("params.a = '1'") for _, filter_text in server.asked)


async def test_a_running_run_that_matches_no_more_leaves() -> None:
    recent, server, clock = bench(0)
    run = Run("a", "a", "e1", RUNNING, clock.now() - 3600, None)
    server.put(run)
    server.put(Run("b", "b", "e1", RUNNING, clock.now() - 10, None))
    assert len((await recent.page(("e1",), "status = 'RUNNING'")).runs) == 2
    server.put(replace(run, status=FINISHED, ended_at=clock.now()))
    recent._whole_every = float("inf")
    await clock.advance(recent._running_every)
    assert [found.id for found in (await recent.page(("e1",), "status = 'RUNNING'")).runs] == ["b"]


async def test_a_clock_that_is_ahead_hides_nothing() -> None:
    recent, server, clock = bench()
    server.put(Run("ahead", "ahead", "e1", FINISHED, clock.now() + 90_000, None))
    await recent.page(("e1",), "")
    server.put(Run("new", "new", "e1", FINISHED, clock.now(), None))
    assert [run.id for run in (await recent.page(("e1",), "")).runs[:2]] == ["ahead", "new"]


async def test_the_whole_page_is_read_again_after_a_while_when_forgotten_and_when_too_much_is_new() -> None:
    recent, server, clock = bench()
    page = await recent.page(("e1",), "")
    del server.runs[page.runs[0].id]
    recent.forget()
    page = await recent.page(("e1",), "")
    del server.runs[page.runs[0].id]
    await clock.advance(beat(bytes_of(page.runs) / BYTES_A_SECOND))
    page = await recent.page(("e1",), "")
    for number in range(RUNS_A_PAGE + 1):
        server.put(Run(f"n{number}", "n", "e1", FINISHED, clock.now(), None))
    assert len((await recent.page(("e1",), "")).runs) == RUNS_A_PAGE
    assert [filter_text for _, filter_text in server.asked if not filter_text] == [""] * 4


class Large(Server):
    """With so many experiments that not all are named each time. Searches only those that are."""

    async def search_runs(self, ids: Sequence[str], **options: Any) -> RunPage:
        page = await super().search_runs(ids, **options)
        named = frozenset(ids)
        return RunPage(tuple(run for run in page.runs if run.experiment_id in named), None)


async def test_of_many_experiments_those_are_named_in_which_something_goes_on_and_all_now_and_then() -> None:
    clock = FakeClock()
    server, ids = Large(clock, 50), tuple(f"e{number}" for number in range(3000))
    tracking: Any = server
    recent = RecentRuns(tracking, clock)
    await recent.page(ids, "")
    recent._whole_every = float("inf")
    server.put(Run("dormant", "dormant", "e2999", FINISHED, clock.now(), clock.now()))
    seen: list[bool] = []
    for _ in range(5):
        await clock.advance(EVERYWHERE_EVERY / 4)
        server.put(Run(f"lively {len(seen)}", "lively", "e1", FINISHED, clock.now(), clock.now()))
        page = await recent.page(ids, "")
        assert f"lively {len(seen)}" in {run.id for run in page.runs}
        seen.append("dormant" in {run.id for run in page.runs})
    assert seen == [False] * seen.index(True) + [True] * (5 - seen.index(True))
    assert all(len(named) in (MADE_LATELY, MADE_LATELY + 1, 3000) for named, _ in server.asked)
    assert sum(len(named) == 3000 for named, _ in server.asked[1:]) <= 2


async def test_consoles_that_know_the_same_ask_the_same_at_the_same_times() -> None:
    """However far apart they began: then what one is answered serves all."""
    clock = FakeClock()
    server, ids = Large(clock, 50), tuple(f"e{number}" for number in range(3000))
    tracking: Any = server
    one, other = RecentRuns(tracking, clock), RecentRuns(tracking, clock)
    await one.page(ids, "")
    await clock.advance(37)
    await other.page(ids, "")
    asked: list[list[tuple[tuple[str, ...], str]]] = []
    for console in (one, other) * 40:
        server.asked.clear()
        await console.page(ids, "")
        asked.append(list(server.asked))
        await clock.advance(7.5)
    kinds = [str(questions) for questions in asked[10:]]
    assert len(set(kinds)) == 2  # the whole page, and what is new where something goes on
    assert all(kind in (kinds[at - 1], kinds[at + 1]) for at, kind in enumerate(kinds[1:-1], 1))
