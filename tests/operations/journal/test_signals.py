"""What people may want of an operation: read from its journal, and refused where it makes no sense."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.failures import Conflict, Failure, Rejected
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.domain.operations.steps import Step, StepName, StepState
from modeldeck.domain.operations.version_change import VersionChange
from modeldeck.operations.journal.events import JournalEntry
from modeldeck.operations.journal.signals import Signal, SignalInbox, SignalRequest, ask, same_person, signals_in
from tests.support.fakes.journals import MemoryJournal

WAITS = Operation(
    "op", Kind.PROMOTE, "ann@box", (VersionChange("serving/iris", "iris", "1", "2"),), "", State.WAITING, None, 0.0, None, None
)
APPROVAL = Step(StepName.AWAIT_APPROVAL, "", "", state=StepState.TRYING)
ACCEPT, EXTEND, CANCEL, APPROVE = Signal.ACCEPT, Signal.EXTEND, Signal.CANCEL, Signal.APPROVE


@pytest.mark.parametrize(
    ("parts", "asked", "failure", "message"),
    [
        ({}, SignalRequest(ACCEPT, "bob", "looked"), None, ""),
        ({}, SignalRequest(ACCEPT, "bob", " "), Rejected, "needs a reason"),
        ({}, SignalRequest(ACCEPT, "bob", "a\u202eb"), Rejected, "holds control characters"),
        ({"state": State.RUNNING}, SignalRequest(ACCEPT, "bob", "looked"), Conflict, "is running: there is nothing to accept"),
        ({"steps": (APPROVAL,)}, SignalRequest(ACCEPT, "bob", "looked"), Conflict, "there is nothing to accept"),
        ({"state": State.ENDED, "outcome": Outcome.DONE}, SignalRequest(CANCEL, "bob"), Conflict, "has ended: done"),
        ({"state": State.RUNNING}, SignalRequest(CANCEL, "bob"), None, ""),
        ({}, SignalRequest(EXTEND, "bob", seconds=0.0), Rejected, "a positive number of seconds"),
        ({}, SignalRequest(EXTEND, "bob", seconds=-1.0), Rejected, "a positive number of seconds"),
        ({"state": State.RUNNING}, SignalRequest(EXTEND, "bob", seconds=0.5), None, ""),
        ({}, SignalRequest(APPROVE, "bob"), Conflict, "needs no approval"),
        ({"steps": (APPROVAL,)}, SignalRequest(APPROVE, "bob@box"), None, ""),
        ({"steps": (Step(StepName.LOCK, "", ""), APPROVAL)}, SignalRequest(APPROVE, "bob"), None, ""),
        ({"steps": (APPROVAL,)}, SignalRequest(APPROVE, "ann@elsewhere"), Rejected, "somebody else has to approve it"),
    ],
)
def test_what_makes_sense_is_written_down(parts: dict[str, Any], asked: SignalRequest, failure: type[Failure] | None, message: str) -> None:
    journal, operation = MemoryJournal(), replace(WAITS, **parts)
    if failure is None:
        ask(operation, asked, journal, 5.0)
        (entry,) = journal.entries("op")
        body = {"at": 5.0, "what": asked.signal.value, "by": asked.by, "reason": asked.reason}
        assert (entry.kind, {key: entry.body[key] for key in body}) == ("asked", body)
        assert entry.body.get("seconds") == (asked.seconds if asked.signal is EXTEND else None)
        assert signals_in(entry) == asked
    else:
        with pytest.raises(failure, match=message):
            ask(operation, asked, journal, 5.0)
        assert [*journal.entries("op")] == []


@pytest.mark.parametrize(
    ("kind", "body", "asked"),
    [
        ("asked", {"what": "extend", "by": "bob", "seconds": 60}, SignalRequest(EXTEND, "bob", seconds=60.0)),
        ("asked", {"what": "extend", "seconds": True}, SignalRequest(EXTEND, "")),
        ("asked", {"what": "extend", "seconds": "60"}, SignalRequest(EXTEND, "")),
        ("asked", {"what": "dance"}, None),
        ("asked", {}, None),
        ("log", {"what": "cancel"}, None),
    ],
)
def test_a_wish_is_read_from_the_journal(kind: str, body: dict[str, Any], asked: SignalRequest | None) -> None:
    assert signals_in(JournalEntry("op", kind, body)) == asked


async def test_a_mailbox_sorts_wishes() -> None:
    inbox = SignalInbox(asyncio.Event())
    for wish in (ACCEPT, APPROVE, EXTEND):
        inbox.deliver(SignalRequest(wish, "bob"))
    assert ([each.signal for each in inbox.decisions], [each.signal for each in inbox.approvals]) == ([ACCEPT, EXTEND], [APPROVE])
    assert not inbox.cancel.is_set()
    inbox.deliver(SignalRequest(CANCEL, "bob"))
    assert inbox.cancel.is_set()


@pytest.mark.parametrize(
    ("one", "other", "same"), [("ann@a", "ann@b", True), ("ann", "ann@b", True), ("ann@a", "bob@a", False), ("a", "b", False)]
)
def test_a_person_is_the_same_on_every_machine(one: str, other: str, same: bool) -> None:
    assert same_person(one, other) is same
