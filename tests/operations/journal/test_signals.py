"""What people may want of an operation: read from its journal, and refused where it makes no sense."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from modeldeck.domain.failures import Conflict, Failure, Rejected
from modeldeck.domain.operations.promotions import Kind, Operation, Outcome, State, Step, StepName, StepState
from modeldeck.operations.journal.events import Entry
from modeldeck.operations.journal.signals import Asked, Mailbox, Wish, ask, asked_in, same_person

from tests.support.fakes.journals import MemoryJournal

WAITS = Operation("op", Kind.PROMOTE, "ann@box", "iris", "serving", "iris", "1", "2", "", State.WAITING, None, 0.0, None, None)
APPROVAL = Step(StepName.AWAIT_APPROVAL, "", "", state=StepState.TRYING)
ACCEPT, EXTEND, CANCEL, APPROVE = Wish.ACCEPT, Wish.EXTEND, Wish.CANCEL, Wish.APPROVE


@pytest.mark.parametrize(
    ("parts", "asked", "failure", "words"),
    [
        ({}, Asked(ACCEPT, "bob", "looked"), None, ""),
        ({}, Asked(ACCEPT, "bob", " "), Rejected, "needs a reason"),
        ({}, Asked(ACCEPT, "bob", "a\u202eb"), Rejected, "holds control characters"),
        ({"state": State.RUNNING}, Asked(ACCEPT, "bob", "looked"), Conflict, "is running: there is nothing to accept"),
        ({"steps": (APPROVAL,)}, Asked(ACCEPT, "bob", "looked"), Conflict, "there is nothing to accept"),
        ({"state": State.ENDED, "outcome": Outcome.DONE}, Asked(CANCEL, "bob"), Conflict, "has ended: done"),
        ({"state": State.RUNNING}, Asked(CANCEL, "bob"), None, ""),
        ({}, Asked(EXTEND, "bob", seconds=0.0), Rejected, "a positive number of seconds"),
        ({}, Asked(EXTEND, "bob", seconds=-1.0), Rejected, "a positive number of seconds"),
        ({"state": State.RUNNING}, Asked(EXTEND, "bob", seconds=0.5), None, ""),
        ({}, Asked(APPROVE, "bob"), Conflict, "needs no approval"),
        ({"steps": (APPROVAL,)}, Asked(APPROVE, "bob@box"), None, ""),
        ({"steps": (Step(StepName.LOCK, "", ""), APPROVAL)}, Asked(APPROVE, "bob"), None, ""),
        ({"steps": (APPROVAL,)}, Asked(APPROVE, "ann@elsewhere"), Rejected, "somebody else has to approve it"),
    ],
)
def test_what_makes_sense_is_written_down(parts: dict[str, Any], asked: Asked, failure: type[Failure] | None, words: str) -> None:
    journal, operation = MemoryJournal(), replace(WAITS, **parts)
    if failure is None:
        ask(operation, asked, journal, 5.0)
        (entry,) = journal.entries("op")
        body = {"at": 5.0, "what": asked.wish.value, "by": asked.by, "reason": asked.reason}
        assert (entry.kind, {key: entry.body[key] for key in body}) == ("asked", body)
        assert entry.body.get("seconds") == (asked.seconds if asked.wish is EXTEND else None)
        assert asked_in(entry) == asked
    else:
        with pytest.raises(failure, match=words):
            ask(operation, asked, journal, 5.0)
        assert [*journal.entries("op")] == []


@pytest.mark.parametrize(
    ("kind", "body", "asked"),
    [
        ("asked", {"what": "extend", "by": "bob", "seconds": 60}, Asked(EXTEND, "bob", seconds=60.0)),
        ("asked", {"what": "extend", "seconds": True}, Asked(EXTEND, "")),
        ("asked", {"what": "extend", "seconds": "60"}, Asked(EXTEND, "")),
        ("asked", {"what": "dance"}, None),
        ("asked", {}, None),
        ("log", {"what": "cancel"}, None),
    ],
)
def test_a_wish_is_read_from_the_journal(kind: str, body: dict[str, Any], asked: Asked | None) -> None:
    assert asked_in(Entry("op", kind, body)) == asked


async def test_a_mailbox_sorts_wishes() -> None:
    mailbox = Mailbox(asyncio.Event())
    for wish in (ACCEPT, APPROVE, EXTEND):
        mailbox.deliver(Asked(wish, "bob"))
    assert ([each.wish for each in mailbox.decisions], [each.wish for each in mailbox.approvals]) == ([ACCEPT, EXTEND], [APPROVE])
    assert not mailbox.cancel.is_set()
    mailbox.deliver(Asked(CANCEL, "bob"))
    assert mailbox.cancel.is_set()


@pytest.mark.parametrize(
    ("one", "other", "same"), [("ann@a", "ann@b", True), ("ann", "ann@b", True), ("ann@a", "bob@a", False), ("a", "b", False)]
)
def test_a_person_is_the_same_on_every_machine(one: str, other: str, same: bool) -> None:
    assert same_person(one, other) is same
