"""Moves of aliases that were seen between readings: once whoever reads, in an order that really was, and kept in the journal's file."""

from __future__ import annotations

import itertools
import os
import sqlite3
import stat
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeldeck.domain.environments import MlflowTarget
from modeldeck.domain.failures import Unreachable
from modeldeck.domain.mlflow.alias_changes import AliasChange, AliasMove, AliasSnapshot, Pointers
from modeldeck.operations.history.remembering import RememberingRegistry
from modeldeck.operations.history.sightings import REFRESH, SqliteSightings, registry_id
from modeldeck.operations.journal.journal import JournalFailure, SqliteJournal
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.registry import FakeRegistry
from tests.support.fakes.traps import Traps


def glance(began: float, ended: float | None = None, *, born: float | None = 0.0, **aliases: str) -> AliasSnapshot:
    return AliasSnapshot({"iris": Pointers(aliases, born)}, began, began if ended is None else ended)


def moved(before: str | None, now: str | None, after: float, until: float) -> AliasChange:
    return AliasChange(AliasMove("iris", "champion", before, now), after, until)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.sqlite"


def test_the_first_reading_is_where_memory_begins(path: Path) -> None:
    seen = SqliteSightings(path)
    assert seen.sightings("a") == ()
    assert not path.exists()
    assert seen.see("a", glance(10, champion="1"))
    assert seen.sightings("a") == ()
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_several_consoles_write_a_move_once(path: Path) -> None:
    consoles = [SqliteSightings(path) for _ in range(4)]
    consoles[0].see("a", glance(10, champion="1"))
    threads = [threading.Thread(target=one.see, args=("a", glance(20 + number, champion="2"))) for number, one in enumerate(consoles)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (found,) = consoles[1].sightings("a")
    assert found.move == AliasMove("iris", "champion", "1", "2")
    assert found.after == 10
    assert 20 <= found.before < 24


def test_a_deleted_alias_a_new_one_and_a_model_made_anew(path: Path) -> None:
    seen = SqliteSightings(path)
    for reading in (glance(1, champion="1"), glance(2), glance(3, champion="2"), glance(4, born=3.5, champion="2")):
        assert seen.see("a", reading)
    assert seen.sightings("a") == (
        moved(None, "2", 3, 4),
        moved("2", None, 3, 4),
        moved(None, "2", 2, 3),
        moved("1", None, 1, 2),
    )


def test_a_new_models_alias_moved_since_it_was_made(path: Path) -> None:
    seen = SqliteSightings(path)
    seen.see("a", AliasSnapshot({"wine": Pointers({}, 0.0)}, 1, 2))
    seen.see("a", AliasSnapshot({"wine": Pointers({}, 0.0), "iris": Pointers({"champion": "1"}, 5.0)}, 7, 8))
    assert seen.sightings("a") == (moved(None, "1", 5.0, 8),)


def test_who_may_see_less_of_the_registry_makes_nobody_else_see_moves(path: Path) -> None:
    seen = SqliteSightings(path)
    both = {"iris": Pointers({"champion": "1"}, 0.0), "wine": Pointers({"champion": "2"}, 0.0)}
    for at, pointers in enumerate((both, {"wine": both["wine"]}, both)):
        assert seen.see("a", AliasSnapshot(pointers, at, at))
    assert seen.sightings("a") == ()


def test_registries_are_kept_apart(path: Path) -> None:
    seen = SqliteSightings(path)
    seen.see("a", glance(1, champion="1"))
    seen.see("b", glance(2, champion="2"))
    assert (seen.sightings("a"), seen.sightings("b")) == ((), ())


def test_of_two_readings_that_overlap_none_is_believed_over_the_other(path: Path) -> None:
    seen = SqliteSightings(path)
    seen.see("a", glance(1, 2, champion="1"))
    seen.see("a", glance(4, 5, champion="2"))
    assert not seen.see("a", glance(3, 6, champion="1"))
    assert seen.see("a", glance(3, 6, champion="2"))
    assert [found.move.to_version for found in seen.sightings("a")] == ["2"]


def test_a_clock_that_was_set_back_is_got_over(path: Path) -> None:
    seen = SqliteSightings(path)
    seen.see("a", glance(1000, champion="1"))
    seen.see("a", glance(10, champion="2"))
    seen.see("a", glance(11, champion="3"))
    assert seen.sightings("a") == (moved("2", "3", 10, 11), moved("1", "2", 10, 10))


def test_what_cannot_be_read_is_seen_for_the_first_time(path: Path) -> None:
    seen = SqliteSightings(path)
    seen.see("a", glance(1, champion="1"))
    for damage in ("[1]", "{not json"):
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE aliases_seen SET aliases = ?", (damage,))
        assert seen.see("a", glance(100, champion="2"))
    assert seen.sightings("a") == ()


def test_a_journal_keeps_both(path: Path) -> None:
    SqliteJournal(path).append("x", "log", {})
    seen = SqliteSightings(path)
    seen.see("a", glance(1, champion="1"))
    seen.see("a", glance(2, champion="2"))
    assert len(SqliteJournal(path).entries("x")) == len(seen.sightings("a")) == 1


def test_what_cannot_be_written_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalFailure, match="cannot be written"):
        SqliteSightings(tmp_path / "file" / "journal.sqlite").see("a", glance(1, champion="1"))


def test_an_address_is_not_given_away_and_names_one_registry() -> None:
    targets = [
        MlflowTarget("https://ann:secret@mlflow.example"),
        MlflowTarget("https://mlflow.example"),
        MlflowTarget("https://mlflow.example", workspace="blue"),
        None,
    ]
    names = [registry_id(target) for target in targets]
    assert len(set(names)) == 4
    assert not any(word in name for name in names for word in ("ann", "secret", "mlflow"))
    assert registry_id(MlflowTarget("https://mlflow.example/", token=None)) == names[1]


readings = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=12)
changes = st.lists(st.tuples(st.integers(0, 6), st.sampled_from([None, "1", "2"])), min_size=1, max_size=8)


@settings(max_examples=150, deadline=None)
@given(readings=readings, changes=changes)
def test_whoever_reads_when_what_is_told_really_happened(
    readings: Sequence[tuple[int, int, int]], changes: Sequence[tuple[int, str | None]]
) -> None:
    """Three consoles read while the alias moves; a reading takes a while, and shows what stood at one moment of it."""
    pasts: list[tuple[int, str | None]] = []
    at = 0
    for pause, version in changes:
        at += pause
        pasts.append((at, version))

    def stood(moment: int) -> str | None:
        return next((version for since, version in reversed(pasts) if since <= moment), None)

    with tempfile.TemporaryDirectory() as folder:
        consoles = [SqliteSightings(Path(folder) / "journal.sqlite") for _ in range(3)]
        deliveries: list[tuple[int, int, int, str | None]] = []
        began = 0
        for number, (who, before, behind) in enumerate(readings):
            began += number % 4
            version = stood(began + before)
            deliveries.append((began + before + behind, who % 3, began, version))
        deliveries.sort(key=lambda one: one[0])
        end = max(at, deliveries[-1][0]) + 10
        deliveries += [(end + who, who, end + who, stood(end)) for who in range(3)]
        for ended, who, start, version in deliveries:
            aliases: dict[str, Any] = {"champion": version} if version else {}
            consoles[who].see("a", glance(start, ended, **aliases))
        told = consoles[0].sightings("a")[::-1]
        for console in consoles:
            console.close()
    for found in told:
        within = {stood(moment) for moment in range(int(found.after), int(found.before) + 1)}
        assert {found.move.from_version, found.move.to_version} <= within
    for one, next_one in itertools.pairwise(told):
        assert one.move.to_version == next_one.move.from_version
        assert one.before <= next_one.before
    if told:
        assert told[-1].move.to_version == stood(end)


class Remembered:
    """A fake registry that is remembered in a file, by two readers."""

    def __init__(self, path: Path) -> None:
        self.clock, traps = FakeClock(), Traps()
        self.traps = traps
        self.inner = FakeRegistry(traps)
        self.inner.add("iris", "1", "2")
        self.seen = SqliteSightings(path)
        self.one = RememberingRegistry(self.inner, self.seen, "a", self.clock)
        self.other = RememberingRegistry(self.inner, SqliteSightings(path), "a", self.clock)


async def test_reading_the_registry_remembers_it(path: Path) -> None:
    clients = Remembered(path)
    clients.inner.aliases["iris"]["champion"] = "1"
    begun = clients.clock.at
    assert await clients.one.registry() == await clients.inner.registry()
    clients.clock.at += 5
    await clients.one.registry()
    clients.inner.aliases["iris"]["champion"] = "2"
    clients.clock.at += 5
    await clients.one.registry()
    clients.clock.at += 5
    await clients.other.registry()
    assert clients.seen.sightings("a") == (moved("1", "2", begun + 5, begun + 10),)
    await clients.one.aclose()


async def test_nothing_is_written_while_nothing_moves(path: Path) -> None:
    clients = Remembered(path)
    await clients.one.registry()

    def stamp() -> object:
        with sqlite3.connect(path) as connection:
            return connection.execute("SELECT max(at) FROM aliases_seen").fetchone()[0]

    first = stamp()
    clients.clock.at += REFRESH / 2
    await clients.one.registry()
    await clients.other.registry()
    assert stamp() == first
    clients.clock.at += REFRESH
    await clients.one.registry()
    assert stamp() == clients.clock.at


@pytest.mark.parametrize(("later", "written"), [(59.9, False), (60.0, True), (-0.1, True)])
def test_that_nothing_moved_is_written_down_once_a_minute(path: Path, later: float, written: bool) -> None:
    """And where the clock was set back."""
    seen = SqliteSightings(path)
    seen.see("a", glance(1000.0, champion="1"))
    assert seen.see("a", glance(1000.0 + later, champion="1"))
    seen.see("a", glance(2000.0, champion="2"))
    (found,) = seen.sightings("a")
    assert found.after == (1000.0 + later if written else 1000.0)


def test_the_newest_sightings_come_first_and_only_so_many(path: Path) -> None:
    seen = SqliteSightings(path)
    for number in range(6):
        seen.see("a", glance(1000.0 + number, champion=str(number)))
    assert [one.move.to_version for one in seen.sightings("a", limit=2)] == ["5", "4"]
    assert len(seen.sightings("a")) == 5


async def test_a_registry_is_read_where_nothing_can_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    clients = Remembered(tmp_path / "file" / "journal.sqlite")
    assert (await clients.one.registry()).version("iris", "1") is not None
    clients.traps.fail("registry", Unreachable("refused"))
    with pytest.raises(Unreachable):
        await clients.one.registry()
    await clients.one.aclose()


async def test_everything_else_is_asked_of_the_registry_itself(path: Path) -> None:
    clients = Remembered(path)
    await clients.one.set_alias("iris", "champion", "2")
    await clients.one.tag_version("iris", "2", {"a": "b"})
    assert await clients.one.version_of_alias("iris", "champion") == "2"
    assert (await clients.one.version("iris", "2")).tags == {"a": "b"}
    await clients.one.delete_alias("iris", "champion")
    assert (await clients.one.model("iris")).aliases == {}
    assert await clients.one.artifacts_answer("iris", "1") == "MLmodel found"
    assert (await clients.one.create_version("iris", "run")).version == "3"
