"""An operation as the replay of its entries: what each kind of entry says, one at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.kubernetes.pod_addresses import PodAddress
from modeldeck.domain.operations.operation import Operation, Outcome, Said, State, Waiting
from modeldeck.domain.operations.steps import StepName, StepState
from modeldeck.operations.common.serialization import plan_to_journal
from modeldeck.operations.journal.events import JournalEntry, advance, asked_words, heard, plan_in, replay
from tests.support import operations
from tests.support.plans import with_target

STEPS = [step.name for step in operations.PLAN.steps]
GATE, LOCK = STEPS.index(StepName.JUDGE_GATE), STEPS.index(StepName.LOCK)


def entry(kind: str, **body: Any) -> JournalEntry:
    return JournalEntry(operations.ID, kind, body)


PLANNED = entry("planned", at=5.0, plan=plan_to_journal(operations.PLAN), host="box")


def told(*entries: JournalEntry) -> Operation:
    found = replay((PLANNED, entry("started", at=6.0, pid=7, host="box", birth="b"), *entries))
    assert found is not None
    return found


def test_a_plan_that_cannot_be_read_makes_no_operation() -> None:
    assert plan_in(()) is plan_in((entry("log"),)) is None
    assert plan_in((entry("planned"),)) is plan_in((entry("planned", plan={}),)) is plan_in((entry("planned", plan=7),)) is None
    assert replay((entry("log", at=1.0, message="x"), entry("planned", plan="x"))) is None
    assert plan_in((entry("log"), PLANNED)) is not None


def test_the_first_plan_is_the_plan() -> None:
    again = with_target(operations.PLAN, to_version="99")
    found = told(entry("planned", at=9.0, plan=plan_to_journal(again)))
    assert (found.last.to_version, found.started_at, found.host, found.adopted) == ("9", 5.0, "box", False)
    adopted = replay((replace(PLANNED, body={**PLANNED.body, "adopted": True}),))
    assert adopted is not None
    assert (adopted.adopted, adopted.state, adopted.last.copied, adopted.heartbeat_at) == (True, State.PLANNED, False, None)


@pytest.mark.parametrize(("at", "read"), [(5, 5.0), (5.5, 5.5), ("5", 0.0), (None, 0.0)])
def test_a_time_that_is_none_is_as_old_as_can_be(at: object, read: float) -> None:
    assert entry("log", at=at).at == read
    assert entry("log").message == ""


def test_who_carries_it_out_and_since_when_it_lives() -> None:
    found = told()
    assert (found.runner_pid, found.host, found.runner_birth, found.heartbeat_at, found.state) == (7, "box", "b", 6.0, State.RUNNING)
    moved = advance(told(entry("undoing", at=8.0, message="bad")), entry("started", at=9.0, pid="x"))
    assert moved is not None
    assert (moved.runner_pid, moved.host, moved.runner_birth, moved.state) == (None, "box", "", State.UNDOING)
    ended = advance(told(entry("ended", at=8.0, outcome="done")), entry("started", at=9.0, pid=8))
    assert ended is not None
    assert (ended.outcome, ended.finished_at, ended.state) == (None, None, State.RUNNING)


@pytest.mark.parametrize(
    ("kind", "state", "started", "finished", "message"),
    [
        ("trying", StepState.TRYING, 20.0, None, ""),
        ("done", StepState.DONE, None, 20.0, "said"),
        ("failed", StepState.FAILED, None, 20.0, "said"),
        ("skipped", StepState.SKIPPED, None, 20.0, "said"),
        ("undo-trying", StepState.UNDOING, None, None, ""),
        ("undone", StepState.UNDONE, None, 20.0, "said"),
        ("undo-failed", StepState.UNDO_FAILED, None, 20.0, "said"),
    ],
)
def test_what_becomes_of_a_step(kind: str, state: StepState, started: float | None, finished: float | None, message: str) -> None:
    found = told(entry(kind, at=20.0, step=1, message="said"))
    step = found.steps[1]
    assert (step.state, step.started_at, step.finished_at, step.message) == (state, started, finished, message)
    assert [other for index, other in enumerate(found.steps) if index != 1] == [
        other for index, other in enumerate(told().steps) if index != 1
    ]


@pytest.mark.parametrize("step", [-1, len(STEPS), "1", None, 1.0])
def test_a_step_that_is_not_there_changes_nothing(step: object) -> None:
    assert told(entry("done", at=20.0, step=step, message="x")) == told()


def test_the_first_and_the_last_step_are_steps() -> None:
    found = told(entry("done", at=20.0, step=0), entry("done", at=21.0, step=len(STEPS) - 1))
    assert [index for index, step in enumerate(found.steps) if step.state is StepState.DONE] == [0, len(STEPS) - 1]


def test_a_request_is_counted_and_its_words_are_logged() -> None:
    found = told(
        entry("request", at=8.0, step=1, message="PATCH"), entry("request", at=9.0, step=1), entry("done", at=9.5, step=1, message="x")
    )
    assert found.steps[1].requests == 2
    assert found.log == (Said(8.0, "PATCH"),)


def test_the_newest_judgements_are_kept() -> None:
    many = [entry("judged", at=float(at), step=GATE, judgement={"at": at, "verdict": "pass"}) for at in range(241)]
    judgements = told(*many).steps[GATE].judgements
    assert (len(judgements), judgements[0].at, judgements[-1].at) == (240, 1.0, 240.0)
    (odd,) = told(entry("judged", at=1.0, step=GATE, judgement="?")).steps[GATE].judgements
    assert odd.verdict.value == "error"


def test_addresses_that_can_be_read_are_kept() -> None:
    pods = [["serving/a", "10.0.0.1", 5], ["serving/b", "10.0.0.2", 6.5], ["serving/c", "10.0.0.3"], ["serving/d", 4, 5], "x"]
    assert told(entry("serving", at=8.0, step=1, pods=pods)).steps[1].addresses == (
        PodAddress("serving/a", "10.0.0.1", 5.0),
        PodAddress("serving/b", "10.0.0.2", 6.5),
    )
    assert told(entry("serving", at=8.0, step=1)).steps[1].addresses == ()
    assert len(told(entry("serving", at=8.0, step=1, pods=[["s/p", "10.0.0.1", 1.0]] * 201)).steps[1].addresses) == 200


def test_what_is_said_is_logged_in_order() -> None:
    found = told(entry("log", at=8.0, message="a"), entry("held-up", at=9.0, message="b"), entry("waiting", at=10.0, message="c"))
    assert found.log == (Said(8.0, "a"), Said(9.0, "b"), Said(10.0, "c"))
    assert (found.state, found.waiting, found.held_up) == (State.WAITING, Waiting("c"), "")
    on = advance(found, entry("going-on", at=11.0, message="d"))
    assert on is not None
    assert (on.state, on.waiting, on.log[-1]) == (State.RUNNING, None, Said(11.0, "d"))


def test_a_held_up_operation_is_so_until_anything_but_a_persons_word_is_written() -> None:
    held = told(entry("held-up", at=9.0, message="MLflow"))
    assert held.held_up == "MLflow"
    for kind, still in (("asked", "MLflow"), ("extended", "MLflow"), ("log", ""), ("request", ""), ("unheard-of", "")):
        found = advance(held, entry(kind, at=10.0, step=1))
        assert found is not None
        assert found.held_up == still


def test_time_that_is_given_adds_up_until_another_gate_begins() -> None:
    more = entry("asked", at=9.0, what="extend", by="bob", seconds=60)
    assert told(more, more).extended == 120.0
    assert told(more, entry("extended", at=10.0, seconds=90.5)).extended == 90.5
    assert told(more, entry("trying", at=10.0, step=GATE)).extended == 0.0
    assert told(more, entry("trying", at=10.0, step=LOCK)).extended == told(more, entry("done", at=10.0, step=GATE)).extended == 60.0
    for seconds in (True, "60", None):
        assert told(replace(more, body={**more.body, "seconds": seconds})).extended == 0.0
    assert told(entry("asked", at=9.0, what="accept", seconds=60)).extended == 0.0


def waits(at_approval: bool) -> Operation:
    found = told(entry("trying", at=8.0, step=GATE), entry("waiting", at=9.0, message="?"))
    first = replace(found.steps[0], name=StepName.AWAIT_APPROVAL, state=StepState.TRYING)
    return replace(found, steps=(first, *found.steps[1:])) if at_approval else found


@pytest.mark.parametrize(
    ("what", "at_approval", "decided"),
    [
        ("cancel", False, True),
        ("cancel", True, True),
        ("approve", True, True),
        ("approve", False, False),
        ("accept", False, True),
        ("accept", True, False),
        ("extend", False, True),
        ("extend", True, False),
        ("dance", False, False),
    ],
)
def test_only_what_is_waited_for_lets_it_go_on(what: str, at_approval: bool, decided: bool) -> None:
    found = advance(waits(at_approval), entry("asked", at=10.0, what=what, by="bob"))
    assert found is not None
    assert (found.state, found.waiting) == ((State.RUNNING, None) if decided else (State.WAITING, Waiting("?")))
    assert found.cancel_asked is (what == "cancel")
    later = advance(found, entry("asked", at=11.0, what="accept"))
    assert later is not None
    assert later.cancel_asked is (what == "cancel"), "once asked for, it stays so"
    running = advance(told(), entry("asked", at=10.0, what=what))
    assert running is not None
    assert running.state is State.RUNNING


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"what": "approve", "by": "bob@box", "reason": "looked at it"}, "bob@box approved it: looked at it"),
        ({"what": "extend", "seconds": 600, "by": "ann"}, "ann gave it more time (600 s)"),
        ({"what": "cancel"}, "somebody asked to undo it"),
        ({"what": "accept", "by": "", "reason": None}, "somebody accepted it"),
        ({}, "somebody asked for something that this modeldeck does not know"),
    ],
)
def test_what_a_person_wanted_in_words(body: dict[str, Any], message: str) -> None:
    assert asked_words(entry("asked", **body)) == message


@pytest.mark.parametrize(
    ("outcome", "read"),
    [("done", Outcome.DONE), ("undone", Outcome.UNDONE), ("superb", Outcome.NEEDS_ATTENTION), (None, Outcome.NEEDS_ATTENTION)],
)
def test_how_it_ended(outcome: object, read: Outcome) -> None:
    found = told(entry("waiting", at=9.0, message="?"), entry("ended", at=30.0, outcome=outcome, message="over"))
    assert (found.state, found.outcome, found.finished_at, found.message) == (State.ENDED, read, 30.0, "over")
    assert (found.waiting, found.heartbeat_at) == (None, None)


def test_the_way_back_is_told_with_its_reason() -> None:
    found = told(entry("waiting", at=9.0, message="?"), entry("undoing", at=10.0, message="the gate failed"))
    assert (found.state, found.undoing, found.message, found.waiting) == (State.UNDOING, True, "the gate failed", None)


def test_the_newest_sign_of_life_counts_while_it_is_under_way() -> None:
    running = told()
    assert heard(running, 9.0).heartbeat_at == 9.0
    assert heard(running, 3.0) is running
    assert heard(running, None) is running
    assert heard(replace(running, heartbeat_at=None), None).heartbeat_at is None
    assert heard(replace(running, heartbeat_at=None), 4.0).heartbeat_at == 4.0
    ended = told(entry("ended", at=30.0, outcome="done"))
    assert heard(ended, 40.0) is ended


@pytest.mark.parametrize("kind", ["", "aaa", "planned", "end", "ended-well", "zzz"])
def test_a_kind_of_a_newer_modeldeck_changes_nothing(kind: str) -> None:
    assert told(entry(kind, at=9.0, message="x", outcome="done", step=1, what="cancel")) == told()


def test_only_a_gate_that_begins_takes_back_the_time_that_was_given() -> None:
    for kind in ("done", "failed", "undo-trying", "undone", "undo-failed"):
        assert told(entry("extended", seconds=60), entry(kind, step=GATE)).extended == 60.0
    assert told(entry("extended", seconds=60), entry("trying", step=GATE)).extended == 0.0
    assert told(entry("extended", seconds=60), entry("trying", step=LOCK)).extended == 60.0


def test_the_deployments_of_a_plan_are_those_of_its_operation() -> None:
    assert told().changes[:-1] == ()
    staged = replay((entry("planned", at=5.0, plan=plan_to_journal(operations.STAGED), host="box"),))
    assert staged is not None
    assert staged.changes[:-1] == operations.STAGED.changes[:-1]
    assert staged.keys == ("serving/iris-staging", "serving/iris")


def test_what_to_type_is_told_until_it_is_taken_up_again() -> None:
    ended = entry("ended", at=30.0, outcome="needs attention", message="over", commands=["modeldeck status", "kubectl get pods"])
    assert told(ended).next_commands == ("modeldeck status", "kubectl get pods")
    assert told(ended, entry("started", at=40.0, pid=2, host="box")).next_commands == ()
