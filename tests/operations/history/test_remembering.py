"""A registry that is remembered as it is read: what is written down and when, and that to remember never costs a reading."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from modeldeck.domain.failures import Unreachable
from modeldeck.domain.mlflow.alias_changes import AliasChange, AliasSnapshot
from modeldeck.domain.mlflow.registry import Followed, ModelAccess, ModelVersion, Registry
from modeldeck.operations.history.remembering import RememberingRegistry
from modeldeck.operations.history.sightings import REFRESH
from modeldeck.operations.journal.journal import JournalFailure
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.registry import FakeRegistry
from tests.support.fakes.traps import Traps


@dataclass
class Notes:
    """What was to be kept: (registry, reading, the one before). `settled`: what it answers; `slow`: until when it takes."""

    seen: list[tuple[str, AliasSnapshot, AliasSnapshot | None]] = field(default_factory=list)
    settled: bool = True
    full: bool = False
    slow: threading.Event | None = None
    closed: int = 0

    def see(self, registry: str, glance: AliasSnapshot, earlier: AliasSnapshot | None = None) -> bool:
        if self.slow is not None:
            self.slow.wait(30.0)
        self.seen.append((registry, glance, earlier))
        if self.full:
            raise JournalFailure("database or disk is full")
        return self.settled

    def sightings(self, registry: str, *, limit: int = 500) -> tuple[AliasChange, ...]:
        return ()

    def close(self) -> None:
        self.closed += 1


class Following(FakeRegistry):
    """Reads by following, as a real one does; every reading takes two seconds."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(Traps())
        self.clock, self.asked = clock, list[object]()
        self.aliases_read, self.age = True, 0.0
        self.add("iris", "1", "2")
        self.aliases["iris"]["champion"] = "1"

    async def registry(self) -> Registry:
        self.clock.at += 2.0
        return await super().registry()

    async def follow(self, aliases: Sequence[tuple[str, str]] = (), *, whole: bool = False) -> Followed:
        self.asked.append((aliases, whole))
        return Followed(await self.registry(), aliases_read=self.aliases_read, pause=7.0, age=self.age)


class World:
    def __init__(self) -> None:
        self.clock, self.notes = FakeClock(), Notes()
        self.inner = Following(self.clock)
        self.registry = RememberingRegistry(self.inner, self.notes, "a", self.clock)

    @property
    def glances(self) -> list[AliasSnapshot]:
        return [glance for _, glance, _ in self.notes.seen]


@pytest.fixture
def world() -> World:
    return World()


async def test_a_reading_is_kept_with_when_it_began_and_ended(world: World) -> None:
    began = world.clock.now()
    assert (await world.registry.registry()).version("iris", "1") is not None
    ((name, glance, earlier),) = world.notes.seen
    assert (name, glance.began, glance.ended, earlier) == ("a", began, began + 2.0, None)
    assert dict(glance.pointers["iris"].aliases) == {"champion": "1"}


async def test_of_a_reading_that_is_older_that_is_reckoned(world: World) -> None:
    """What a server answers from its memory was so at that time."""
    world.inner.age = 30.0
    began = world.clock.now()
    found = await world.registry.follow([("iris", "champion")], whole=True)
    assert (found.pause, world.inner.asked) == (7.0, [([("iris", "champion")], True)])
    (glance,) = world.glances
    assert (glance.began, glance.ended) == (began - 30.0, began + 2.0)


async def test_where_not_every_alias_was_read_nothing_is_kept(world: World) -> None:
    world.inner.aliases_read = False
    assert (await world.registry.follow()).registry.version("iris", "1") is not None
    assert world.inner.asked == [((), False)]
    assert world.notes.seen == []


async def test_each_is_compared_with_this_process_own_last_one(world: World) -> None:
    await world.registry.registry()
    world.inner.aliases["iris"]["champion"] = "2"
    await world.registry.registry()
    assert [earlier for _, _, earlier in world.notes.seen] == [None, world.glances[0]]


@pytest.mark.parametrize(("later", "kept"), [(REFRESH - 2.5, False), (REFRESH - 2.0, True), (REFRESH, True)])
async def test_that_nothing_has_moved_is_kept_once_a_minute(world: World, later: float, kept: bool) -> None:
    """Two seconds of it are the reading's own."""
    await world.registry.registry()
    world.clock.at += later
    await world.registry.registry()
    assert len(world.notes.seen) == 1 + kept


async def test_what_was_not_written_down_again_is_what_the_next_is_compared_with(world: World) -> None:
    await world.registry.registry()
    again = world.clock.now()
    await world.registry.registry()
    world.inner.aliases["iris"]["champion"] = "2"
    await world.registry.registry()
    _, (_, _, earlier) = world.notes.seen
    assert earlier is not None
    assert earlier.began == again, "it was so still"


async def test_a_move_is_kept_at_once(world: World) -> None:
    await world.registry.registry()
    world.inner.aliases["iris"]["champion"] = "2"
    await world.registry.registry()
    assert len(world.notes.seen) == 2


@pytest.mark.parametrize("full", [True, False])
async def test_what_could_not_be_kept_or_told_is_tried_with_the_next(world: World, full: bool) -> None:
    """A full disk, or two readings that overlapped: neither is a reason not to have it."""
    world.notes.full, world.notes.settled = full, False
    assert (await world.registry.registry()).version("iris", "1") is not None
    world.notes.full, world.notes.settled = False, True
    await world.registry.registry()
    assert [earlier for _, _, earlier in world.notes.seen] == [None, None], "it is held against nothing that was not kept"
    await world.registry.registry()
    assert len(world.notes.seen) == 2


async def test_what_could_not_be_kept_is_no_error_of_the_loops(world: World) -> None:
    said: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: said.append(context))
    world.notes.full = True
    await world.registry.registry()
    await world.registry.registry()
    gc.collect()
    assert said == []


async def test_one_that_cannot_tell_who_it_is_is_tried_with_the_next(world: World) -> None:
    async def refused() -> str:
        raise Unreachable("refused", backend="MLflow")

    identity = world.inner.identity
    world.inner.identity = refused  # type: ignore[method-assign]
    await world.registry.registry()
    assert world.notes.seen == []
    world.inner.identity = identity  # type: ignore[method-assign]
    await world.registry.registry()
    assert len(world.notes.seen) == 1


async def test_a_failure_of_the_registry_is_the_readers(world: World) -> None:
    world.inner.traps.fail("registry", Unreachable("refused", backend="MLflow"), times=2)
    with pytest.raises(Unreachable):
        await world.registry.registry()
    with pytest.raises(Unreachable):
        await world.registry.follow()
    assert world.notes.seen == []


async def test_a_slow_disk_holds_no_reader_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what is read meanwhile is not written beside it; the end waits for it."""
    monkeypatch.setattr("modeldeck.operations.history.remembering._PATIENCE", 0.0)
    world.notes.slow = threading.Event()
    await world.registry.registry()
    await world.registry.registry()
    assert world.notes.seen == []
    closing = asyncio.ensure_future(world.registry.aclose())
    await asyncio.sleep(0)
    assert (closing.done(), world.notes.closed) == (False, 0)
    world.notes.slow.set()
    await closing
    assert (len(world.notes.seen), world.notes.closed) == (1, 1)


async def test_one_that_read_nothing_ends_too(world: World) -> None:
    await world.registry.aclose()
    assert world.notes.closed == 1


async def test_it_is_named_by_its_address_and_what_it_says_it_is(world: World) -> None:
    world.inner.id = "experiment 0 of 2026"
    assert await world.registry.identity() == f"a-{hashlib.sha256(b'experiment 0 of 2026').hexdigest()[:12]}"
    world.inner.id = "another"
    assert (await world.registry.identity()).endswith(hashlib.sha256(b"experiment 0 of 2026").hexdigest()[:12]), "asked once"


async def test_one_that_says_nothing_of_itself_is_named_by_its_address(world: World) -> None:
    assert await world.registry.identity() == "a"


async def test_everything_else_is_the_inner_ones(world: World) -> None:
    inner, registry = world.inner, world.registry
    inner.access = ModelAccess(False)
    assert await registry.access_to("iris") is inner.access
    assert await registry.artifacts_answer("iris", "1") == "MLmodel found"
    one = await registry.version("iris", "1")
    assert (one.model, one.version) == ("iris", "1")
    await registry.set_alias("iris", "canary", "2")
    assert await registry.version_of_alias("iris", "canary") == "2"
    await registry.delete_alias("iris", "canary")
    await registry.tag_version("iris", "1", {"a": "b"})
    await registry.tag_model("iris", "c", "d")
    await registry.tag_model("iris", "e", "f")
    await registry.untag_model("iris", "e")
    assert ((await registry.version("iris", "1")).tags, (await registry.model("iris")).tags) == ({"a": "b"}, {"c": "d"})
    assert (await registry.model("iris")).aliases == {"champion": "1"}
    made: ModelVersion = await registry.create_version("iris", "run", description="first")
    assert (made.version, made.run_id, made.description) == ("3", "run", "first")
    copy = await registry.copy_version(one, "prod.iris", {"from": "iris"})
    assert (copy.model, copy.source, copy.tags) == ("prod.iris", one.uri, {"from": "iris"})
    assert world.notes.seen == [], "none of it is a reading of all aliases"
