"""The ledger tells what the journal tells, at the price of what is new."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from modeldeck.domain.operations.operation import Operation
from modeldeck.operations.common.serialization import plan_to_journal
from modeldeck.operations.journal.cached_journal import Ledger
from modeldeck.operations.journal.events import JournalEntry
from modeldeck.operations.journal.journal import SqliteJournal
from tests.operations.conftest import Bench
from tests.support import operations as ops


def plan(journal: SqliteJournal, name: str, at: float = 1.0) -> None:
    journal.append(name, "planned", {"at": at, "plan": plan_to_journal(replace(ops.PLAN, id=name)), "host": "box"})


def in_outline(found: tuple[Operation, ...]) -> list[Operation]:
    """What a list needs to know."""
    return [replace(each, log=(), heartbeat_at=None, steps=tuple(replace(s, judgements=()) for s in each.steps)) for each in found]


async def test_it_tells_of_operations_as_the_journal_does(bench: Bench, tmp_path: Path) -> None:
    bench.journal = SqliteJournal(tmp_path / "journal.sqlite")
    ledger = Ledger(SqliteJournal(bench.journal.path))
    assert ledger.read() == ()
    await bench.promote("2")
    assert in_outline(ledger.read()) == in_outline(bench.journal.operations())
    await bench.roll_back()
    assert in_outline(ledger.read()) == in_outline(bench.journal.operations())
    assert [operation.kind.value for operation in ledger.read()] == ["rollback", "promote"]


def test_objects_stay_the_same_where_nothing_is_new(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.sqlite")
    plan(journal, "a")
    plan(journal, "b")
    ledger = Ledger(SqliteJournal(journal.path))
    first = ledger.read()
    journal.append("b", "started", {"at": 2.0, "pid": 1, "host": "box", "birth": ""})
    second = ledger.read()
    assert second[1] is first[1]
    assert second[0].runner_pid == 1


def test_signs_of_life_are_told_until_the_end(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.sqlite")
    plan(journal, "a")
    journal.beat("a", 5.0)
    ledger = Ledger(SqliteJournal(journal.path))
    assert ledger.read()[0].heartbeat_at == 5.0
    journal.beat("a", 7.0)
    assert ledger.read()[0].heartbeat_at == 7.0
    journal.append("a", "ended", {"at": 8.0, "outcome": "done", "message": ""})
    ended = ledger.read()[0]
    journal.beat("a", 9.0)
    assert ledger.read()[0] is ended


def test_one_that_needs_attention_can_go_on(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.sqlite")
    plan(journal, "a")
    journal.append("a", "ended", {"at": 2.0, "outcome": "needs attention", "message": "look"})
    ledger = Ledger(SqliteJournal(journal.path))
    assert ledger.read()[0].outcome == "needs attention"
    journal.append("a", "started", {"at": 3.0, "pid": 2, "host": "box", "birth": ""})
    assert ledger.read()[0].outcome is None


class Counting(SqliteJournal):
    reads = 0

    def after(self, operation_id: str, seq: int, *, without: tuple[str, ...] = ()) -> tuple[tuple[JournalEntry, ...], int]:
        self.reads += 1
        return super().after(operation_id, seq, without=without)


def test_files_that_look_as_before_are_not_read(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.sqlite")
    plan(journal, "a")
    counting = Counting(journal.path)
    ledger = Ledger(counting)
    ledger.read()
    ledger.read()
    assert counting.reads == 2, "written to a moment ago: what was written since may not show in the file's time"
    for path in (journal.path, journal.path.with_name("journal.sqlite-wal")):
        os.utime(path, (1.0, 1.0))
    ledger.read()
    found = ledger.read()
    assert counting.reads == 3
    plan(journal, "b")
    assert [operation.id for operation in ledger.read()] == ["b", *(each.id for each in found)]


def test_one_that_has_ended_is_not_read_again(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.sqlite")
    plan(journal, "a")
    plan(journal, "b")
    journal.append("a", "ended", {"at": 8.0, "outcome": "done", "message": ""})
    counting = Counting(journal.path)
    ledger = Ledger(counting)
    ledger.read()
    ledger.read()
    assert counting.reads == 3


def test_what_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.sqlite")
    journal.append("newer", "planned", {"at": 1.0, "plan": {"what": "a shape of another day"}})
    plan(journal, "a")
    assert [operation.id for operation in Ledger(journal).read()] == ["a"]


def test_only_so_many_are_kept_in_sight(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.sqlite")
    for name in "abc":
        plan(journal, name)
    ledger = Ledger(journal, limit=2)
    assert [operation.id for operation in ledger.read()] == ["c", "b"]
    plan(journal, "d")
    assert [operation.id for operation in ledger.read()] == ["d", "c"]


NAMES = st.sampled_from("abc")
WRITES = st.one_of(
    st.tuples(
        NAMES, st.just("started"), st.builds(lambda at, pid: {"at": at, "pid": pid, "host": "box"}, st.floats(1, 99), st.integers(1, 9))
    ),
    st.tuples(
        NAMES,
        st.sampled_from(["trying", "done", "failed", "request"]),
        st.builds(lambda n: {"at": 3.0, "step": n, "message": "w"}, st.integers(0, 3)),
    ),
    st.tuples(
        NAMES, st.just("ended"), st.sampled_from([{"at": 4.0, "outcome": o, "message": "w"} for o in ("done", "undone", "needs attention")])
    ),
    st.tuples(NAMES, st.sampled_from(["log", "waiting", "undoing"]), st.just({"at": 5.0, "message": "said"})),
    st.none(),
)


@settings(max_examples=40)
@given(st.lists(WRITES, max_size=14))
def test_however_reads_and_writes_follow_each_other(writes: list[tuple[str, str, dict[str, object]] | None]) -> None:
    """None: a look at it. An operation that has ended well is not written to any more."""
    with TemporaryDirectory() as folder:
        journal = SqliteJournal(Path(folder) / "journal.sqlite")
        for name in "abc":
            plan(journal, name)
        ledger = Ledger(SqliteJournal(journal.path))
        over: set[str] = set()
        for write in writes:
            if write is None:
                ledger.read()
            elif write[0] not in over:
                journal.append(*write)
                if write[1] == "ended" and write[2]["outcome"] != "needs attention":
                    over.add(write[0])
        assert in_outline(ledger.read()) == in_outline(journal.operations())
        journal.close()
