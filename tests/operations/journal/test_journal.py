"""The journal: on disk, private, append only, tolerant of a newer modeldeck; an operation is the replay of its entries."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.operations.operation import Operation, Outcome, State, Waiting
from modeldeck.domain.operations.steps import Step, StepName
from modeldeck.operations.common.serialization import operation_json, plan_from_journal, plan_to_journal
from modeldeck.operations.journal.events import JournalEntry, advance, replay
from modeldeck.operations.journal.journal import JournalFailure, SqliteJournal, TakenUp
from tests.operations.conftest import Bench
from tests.support import operations


@pytest.fixture
def bench(bench: Bench, tmp_path: Path) -> Bench:
    """The same bench on a real file."""
    bench.journal = SqliteJournal(tmp_path / "state" / "journal.sqlite")
    return bench


async def test_private_and_append_only(bench: Bench) -> None:
    await bench.promote("2")
    path = str(bench.journal.path)
    assert [stat.S_IMODE(os.stat(name).st_mode) for name in (path, path + "-wal")] == [0o600, 0o600]
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        for statement in ("UPDATE entries SET kind = 'x'", "DELETE FROM entries"):
            with pytest.raises(sqlite3.DatabaseError, match="append only"):
                connection.execute(statement)


def test_reading_what_is_not_there_makes_no_file(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "deep" / "journal.sqlite")
    assert journal.operations() == ()
    assert journal.operation("x") is None
    assert not journal.path.parent.exists()


def test_what_cannot_be_written_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalFailure, match="cannot be written"):
        SqliteJournal(tmp_path / "file" / "journal.sqlite").append("a", "log", {})


def test_a_link_that_leads_nowhere_is_no_empty_journal(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").symlink_to("journal.sqlite")
    with pytest.raises(JournalFailure, match=r"cannot be read: .*symbolic link"):
        SqliteJournal(tmp_path / "journal.sqlite").operations()


@pytest.mark.parametrize("place", ["file/journal.sqlite", "file/deep/journal.sqlite", "/dev/null/state/journal.sqlite", "link"])
def test_a_place_where_nothing_can_be_written_is_told_before_it_is_tried(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(JournalFailure, match="cannot be written") as caught:
        SqliteJournal(tmp_path / place).refuse_unwritable()
    assert "Errno" not in caught.value.message


def test_to_ask_whether_it_can_be_written_makes_nothing(tmp_path: Path) -> None:
    SqliteJournal(tmp_path / "deep" / "journal.sqlite").refuse_unwritable()
    assert not list(tmp_path.iterdir())


def test_what_is_no_journal_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_text("no database " * 100)
    with pytest.raises(JournalFailure, match="cannot be read"):
        SqliteJournal(tmp_path / "journal.sqlite").operations()


def test_of_two_processes_that_take_the_same_operation_up_one_does(tmp_path: Path) -> None:
    first, second = (SqliteJournal(tmp_path / "journal.sqlite") for _ in range(2))
    first.append("a", "planned", {})
    _, seen = second.after("a", 0)
    first.append("a", "asked", {"what": "approve"})
    first.append("b", "planned", {})
    assert second.claim("a", "started", {"pid": 2}, seen=seen)
    assert not first.claim("a", "started", {"pid": 1}, seen=seen)
    assert [(entry.kind, entry.body.get("pid")) for entry in first.entries("a")] == [("planned", None), ("asked", None), ("started", 2)]


def test_a_process_that_was_taken_over_writes_nothing_more(tmp_path: Path) -> None:
    first, second = (SqliteJournal(tmp_path / "journal.sqlite") for _ in range(2))
    first.append("a", "started", {"at": 1.0, "runner": "first"})
    first.append("a", "log", {"at": 2.0, "runner": "first"})
    first.beat("a", 3.0, "first")
    _, seen = second.after("a", 0)
    assert second.claim("a", "started", {"at": 20.0, "runner": "second"}, seen=seen)
    with pytest.raises(TakenUp, match="has been taken up by another process"):
        first.append("a", "log", {"at": 21.0, "runner": "first"})
    first.beat("a", 22.0, "first")
    assert second.heartbeat("a") == 3.0
    second.beat("a", 23.0, "second")
    second.append("a", "log", {"at": 24.0, "runner": "second"})
    first.append("a", "asked", {"at": 25.0, "what": "cancel"})  # of people, whoever carries it out
    assert [entry.at for entry in first.entries("a")] == [1.0, 2.0, 20.0, 24.0, 25.0]
    assert first.heartbeat("a") == 23.0


def test_a_claim_that_cannot_be_read_stops_nobody(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.sqlite")
    journal.append("a", "planned", {})
    with sqlite3.connect(journal.path) as connection:
        connection.execute("INSERT INTO entries (operation, kind, body) VALUES ('a', 'started', '{not json')")
    journal.append("a", "log", {"runner": "mine"})
    assert [entry.kind for entry in journal.entries("a")] == ["planned", "log"]


async def test_intent_is_written_before_the_request_and_outcome_before_the_next_step(bench: Bench) -> None:
    seen: list[tuple[str, str]] = []

    def last() -> str:
        with sqlite3.connect(bench.journal.path) as connection:
            kind, body = connection.execute("SELECT kind, body FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
        return f"{kind} {json.loads(body).get('step', '')}".strip()

    made = await bench.good_plan("2")
    for call in ("patch_deployment", "set_alias", "tag_version", "write_event"):
        bench.fake.traps.before(call, lambda call=call: seen.append((call, last())))  # type: ignore[misc]
    await bench.run(made)
    assert seen == [
        ("patch_deployment", "request 1"),
        ("set_alias", "request 3"),
        ("tag_version", "request 4"),
        ("write_event", "request 5"),
    ]


async def test_newest_first_and_limited(bench: Bench) -> None:
    ids = [(await bench.promote(version)).id for version in ("2", "3", "1")]
    assert [operation.id for operation in bench.journal.operations()] == ids[::-1]
    assert [operation.id for operation in bench.journal.operations(limit=2)] == ids[:0:-1]


async def test_what_a_newer_modeldeck_wrote_is_read_as_far_as_it_is_known(bench: Bench) -> None:
    operation = await bench.promote("2")
    bench.journal.append(operation.id, "blessed", {"by": "the moon"})
    bench.journal.append(operation.id, "done", {"step": 99, "message": "a step that is not ours"})
    with sqlite3.connect(bench.journal.path) as connection:
        connection.execute("INSERT INTO entries (operation, kind, body) VALUES (?, 'log', '{not json')", (operation.id,))
    bench.journal.append("newer", "planned", {"plan": {"intent": {"kind": "multi"}}})
    assert bench.journal.operation(operation.id) == operation
    assert bench.journal.operation("newer") is None
    assert [found.id for found in bench.journal.operations()] == [operation.id]


async def test_a_plan_survives_the_journal(bench: Bench) -> None:
    made = await bench.good_plan("2")
    assert plan_from_journal(json.loads(json.dumps(plan_to_journal(made)))) == made
    body = plan_to_journal(made)
    body["steps"][1]["name"] = "ask the oracle"
    body["colour"] = "blue"
    body["intent"]["mood"] = "calm"
    assert plan_from_journal(body).steps[1].name is StepName.OTHER


bodies = st.fixed_dictionaries(
    {"at": st.floats(0, 2e9)},
    optional={
        "step": st.integers(-2, 9),
        "message": st.text(max_size=20),
        "outcome": st.sampled_from([*Outcome, "odd"]),
        "pid": st.integers(),
    },
)
kinds = st.sampled_from(
    [
        "started",
        "trying",
        "request",
        "done",
        "failed",
        "skipped",
        "log",
        "held-up",
        "undoing",
        "undo-trying",
        "undone",
        "undo-failed",
        "ended",
        "?",
        "planned",
    ]
)


@given(rest=st.lists(st.tuples(kinds, bodies), max_size=30), cut=st.integers(0, 30))
def test_a_fold_takes_any_entries_and_can_be_continued(rest: list[tuple[str, dict[str, Any]]], cut: int) -> None:
    first = JournalEntry("a", "planned", {"at": 1.0, "plan": PLAN})
    entries = [first, *(JournalEntry("a", kind, body) for kind, body in rest)]
    whole = replay(entries)
    assert whole is not None
    assert len(whole.steps) == 2
    assert (whole.outcome is None) == (whole.state is not State.ENDED) or whole.outcome is not None
    begun: Operation | None = replay(entries[: cut + 1])
    for entry in entries[cut + 1 :]:
        begun = advance(begun, entry)
    assert begun == whole
    json.dumps(operation_json(whole), allow_nan=False)


PLAN: dict[str, Any] = {
    "intent": {"kind": "promote", "namespace": "n", "deployment": "d", "model": "m", "to_version": "2", "actor": "a"},
    "targets": [
        {
            "namespace": "n",
            "deployment": "d",
            "model": "m",
            "alias": "champion",
            "to_version": "2",
            "fingerprint": {"deployment_uid": "u", "generation": 1, "template_hash": "h", "alias_version": None, "version_status": "READY"},
        }
    ],
    "steps": [{"name": "patch template"}, {"name": "move alias"}],
}


def test_without_a_plan_there_is_no_operation() -> None:
    assert replay([JournalEntry("a", "started", {}), JournalEntry("a", "ended", {"outcome": "done"})]) is None
    assert replay([JournalEntry("a", "planned", {"plan": "nonsense"})]) is None


def test_one_sign_of_life_and_the_newest_ids(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.sqlite")
    assert journal.heartbeat("a") is None
    assert journal.newest(5) == ()
    journal.append("a", "planned", {"at": 1.0})
    journal.append("b", "planned", {"at": 2.0})
    journal.append("a", "log", {"at": 3.0, "message": "w"})
    journal.beat("a", 4.0)
    journal.beat("a", 6.0)
    assert journal.heartbeat("a") == 6.0
    assert journal.heartbeat("b") is None
    assert journal.newest(5) == ("b", "a")
    assert journal.newest(1) == ("b",)


def test_kinds_can_be_left_out_of_what_is_new(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.sqlite")
    for kind in ("planned", "log", "judged", "done", "log"):
        journal.append("a", kind, {"at": 1.0})
    found, seq = journal.after("a", 1, without=("log", "judged"))
    assert [entry.kind for entry in found] == ["done"]
    assert journal.after("a", seq, without=("log",)) == ((), seq)


def test_time_that_people_give_counts_for_the_gate_at_work() -> None:
    entries = [
        JournalEntry("a", "planned", {"at": 1.0, "plan": plan_to_journal(operations.PLAN)}),
        JournalEntry("a", "asked", {"at": 2.0, "what": "extend", "seconds": 60.0, "by": "bob@box"}),
        JournalEntry("a", "asked", {"at": 2.0, "what": "extend", "seconds": 30, "by": "bob@box"}),
        JournalEntry("a", "asked", {"at": 2.0, "what": "accept", "seconds": True, "by": "bob@box"}),
    ]
    operation = replay(entries)
    assert operation is not None
    assert operation.extended == 90.0
    patch, gate = (
        next(i for i, step in enumerate(operation.steps) if step.name is name) for name in (StepName.PATCH_TEMPLATE, StepName.JUDGE_GATE)
    )
    begun = [advance(operation, JournalEntry("a", "trying", {"at": 3.0, "step": index})) for index in (patch, gate)]
    assert [each.extended for each in begun if each is not None] == [90.0, 0.0]


@pytest.mark.parametrize("kind", ["request", "done", "failed", "log", "judged", "started", "ended", "undoing"])
def test_a_backend_is_waited_for_until_something_goes_on(kind: str) -> None:
    entries = [
        JournalEntry("a", "planned", {"at": 1.0, "plan": PLAN}),
        JournalEntry("a", "held-up", {"at": 2.0, "message": "MLflow: no answer"}),
    ]
    held = replay(entries)
    asked = advance(held, JournalEntry("a", "asked", {"at": 3.0, "what": "cancel", "by": "bob@box"}))
    went_on = advance(held, JournalEntry("a", kind, {"at": 3.0, "step": 0}))
    assert held is not None
    assert asked is not None
    assert went_on is not None
    assert (held.held_up, asked.held_up, went_on.held_up) == ("MLflow: no answer", "MLflow: no answer", "")
    assert [said.message for said in held.log] == ["MLflow: no answer"]


_APPROVAL = Step(StepName.AWAIT_APPROVAL, "not approved", "approved")


@pytest.mark.parametrize("at_approval", [False, True])
@pytest.mark.parametrize("what", ["accept", "extend", "approve", "cancel"])
def test_whoever_has_decided_is_not_waited_for_any_more(what: str, at_approval: bool) -> None:
    """Its process may take a moment to hear it; who attaches meanwhile must not be sent away to decide."""
    plan = replace(operations.PLAN, steps=(_APPROVAL, *operations.PLAN.steps)) if at_approval else operations.PLAN
    entries = [
        JournalEntry("a", "planned", {"at": 1.0, "plan": plan_to_journal(plan)}),
        JournalEntry("a", "started", {"at": 1.0, "pid": 1}),
        JournalEntry("a", "trying", {"at": 1.0, "step": 0}),
        JournalEntry("a", "waiting", {"at": 2.0, "message": "somebody has to decide"}),
    ]
    held = replay(entries)
    told = advance(held, JournalEntry("a", "asked", {"at": 3.0, "what": what, "by": "bob@box"}))
    assert held is not None
    assert told is not None
    assert (held.state, held.waiting) == (State.WAITING, Waiting("somebody has to decide"))
    decided = what == "cancel" or (what == "approve") is at_approval
    assert told.state is (State.RUNNING if decided else State.WAITING)
    assert bool(told.waiting) is not decided
    again = advance(told, JournalEntry("a", "waiting", {"at": 4.0, "message": "still"}))
    assert again is not None
    assert again.state is State.WAITING


def test_a_link_at_its_place_is_never_followed(tmp_path: Path) -> None:
    elsewhere, place = tmp_path / "elsewhere", tmp_path / "journal.sqlite"
    place.symlink_to(elsewhere)
    with pytest.raises(JournalFailure, match="symbolic link"):
        SqliteJournal(place).beat("an operation", 1.0)
    assert not elsewhere.exists()
    SqliteJournal(elsewhere).beat("an operation", 1.0)
    with pytest.raises(JournalFailure, match="symbolic link"):
        SqliteJournal(place).operations()
