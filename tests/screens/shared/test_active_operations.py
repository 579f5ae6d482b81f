from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from modeldeck.domain.operations.operation import Operation, State
from modeldeck.operations.journal.journal import JournalFailure
from modeldeck.screens.shared.active_operations import EVERY, ActiveOperation, ActiveOperationsPoller, under_way
from tests.support import operations as ops
from tests.support import sample
from tests.support.plans import with_change

UID = "d-iris"


def test_only_what_has_not_ended_here_and_the_newest_of_each_deployment() -> None:
    """Names say nothing: environments, namespaces and deployments are called the same in other clusters."""
    older = replace(ops.JUDGING, id="older", started_at=ops.NOW - 500.0)
    elsewhere = with_change(replace(ops.JUDGING, id="elsewhere", started_at=ops.NOW + 1.0), uid="another")
    found = under_way((elsewhere, ops.HELD, older, ops.DONE), ops.NOW)
    assert {uid: each.operation.id for uid, each in found.items()} == {UID: ops.HELD.id, "another": "elsewhere"}


def test_an_operation_on_several_deployments_is_under_way_on_each() -> None:
    found = under_way(
        (replace(ops.JUDGING, changes=(replace(ops.STAGING, key="serving/iris-eu", uid="d-eu"), *ops.JUDGING.changes)),), ops.NOW
    )
    assert {uid: each.operation.id for uid, each in found.items()} == {UID: ops.ID, "d-eu": ops.ID}


def test_one_that_nobody_took_up_is_gone() -> None:
    untaken = replace(ops.BEGUN, state=State.PLANNED, runner_pid=None, started_at=ops.NOW - 100.0)
    assert under_way((untaken,), ops.NOW)[UID].gone


def test_one_that_hangs_is_told_with_how_long_it_has_not_been_heard() -> None:
    hung = replace(ops.JUDGING, host="elsewhere", heartbeat_at=ops.NOW - 40.0)
    assert under_way((hung,), ops.NOW)[UID] == ActiveOperation(hung, gone=False, unheard="40 s")
    assert not under_way((replace(hung, heartbeat_at=ops.NOW - 2.0),), ops.NOW)[UID].unheard
    assert not under_way((replace(hung, state=State.PLANNED, runner_pid=None),), ops.NOW)[UID].unheard


async def test_it_tells_at_once_and_then_only_what_is_different() -> None:
    told: list[Mapping[str, ActiveOperation]] = []
    unread: list[str] = []
    answers: list[tuple[Operation, ...] | JournalFailure] = [(), (), (ops.HELD,), (ops.HELD,), JournalFailure("locked"), (ops.DONE,)]
    done = asyncio.Event()

    def read() -> tuple[Operation, ...]:
        if not answers:
            done.set()
            return (ops.DONE,)
        answer = answers.pop(0)
        if isinstance(answer, JournalFailure):
            raise answer
        return answer

    clock = sample.FrozenClock()
    noticing = ActiveOperationsPoller(read, clock, told.append, unread.append)
    noticing.start()
    await done.wait()
    await noticing.stop()
    assert [sorted(each) for each in told] == [[], [UID], []]
    assert unread == ["locked", ""], "what stood before it could not be read stands meanwhile"
    assert clock.now() >= ops.NOW + 6 * EVERY
