"""The list of experiments is read once, and then what changed in it."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.mlflow.beats import beat
from modeldeck.domain.mlflow.runs import Experiment
from modeldeck.sources.mlflow.experiments import PAUSE_FOR_EACH, ExperimentChange, ExperimentFollower


class Server:
    def __init__(self, count: int) -> None:
        self.now, self.asked = 1, list[str]()
        self.entries: dict[str, ExperimentChange] = {}
        for number in range(count):
            self.put(str(number), f"e{number}")

    def put(self, name: str, text: str, *, deleted: bool = False) -> None:
        self.now += 1
        self.entries[name] = ExperimentChange(Experiment(name, text, self.now / 1000), deleted)

    async def read_all(self) -> tuple[Experiment, ...]:
        self.asked.append("all")
        return tuple(entry.experiment for entry in self.entries.values() if not entry.deleted)

    async def read_since(self, since: int) -> tuple[ExperimentChange, ...]:
        self.asked.append("since")
        return tuple(entry for entry in self.entries.values() if round((entry.experiment.last_update or 0) * 1000) >= since)


@given(st.lists(st.tuples(st.sampled_from(["make", "rename", "delete"]), st.integers(0, 5)), max_size=20))
def test_it_always_holds_what_the_server_holds_and_reads_it_once(story: list[tuple[str, int]]) -> None:
    async def live() -> None:
        server = Server(3)
        follower = ExperimentFollower(server.read_all, server.read_since, lambda: 0.1)
        for what, number in story:
            server.put(str(number), f"{what} {server.now}", deleted=what == "delete")
            assert sorted(await follower.experiments(), key=str) == sorted(await Server.read_all(server), key=str)
        server.asked.clear()
        assert await follower.experiments() is await follower.experiments() or not server.entries
        assert "all" not in server.asked or not story or all(entry.deleted for entry in server.entries.values())

    asyncio.run(live())


async def test_everything_is_read_again_in_pauses_that_grow_with_the_list() -> None:
    now, server = 0.0, Server(300)
    follower = ExperimentFollower(server.read_all, server.read_since, lambda: now)
    await follower.experiments()
    del server.entries["7"]
    now = beat(PAUSE_FOR_EACH * 300) - 1
    assert len(await follower.experiments()) == 300
    now += 1
    assert len(await follower.experiments()) == 299
    assert server.asked == ["all", "since", "all"]


async def test_an_empty_list_is_asked_for_again() -> None:
    server = Server(0)
    follower = ExperimentFollower(server.read_all, server.read_since)
    assert await follower.experiments() == ()
    server.put("1", "first")
    assert [each.name for each in await follower.experiments()] == ["first"]
