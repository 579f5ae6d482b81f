"""What of an announcement is found standing, and who is named where another operation is in the way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.failures import SETTLING, Conflict, Failure, Forbidden, NotFound, TimedOut
from modeldeck.domain.kubernetes.annotations import HISTORY, OPERATION, OperationAnnotation, history_text, mark_text
from modeldeck.domain.mlflow.announcements import Announcement, announced_by_others, announcement_text, moving_tag
from modeldeck.domain.operations.plan import Plan
from modeldeck.operations.common.retry import LATE_ANSWER
from modeldeck.operations.common.serialization import plan_to_journal
from modeldeck.operations.execution.announcing import announce, hold_alias, moves_alias, withdraw, withdraw_untouched
from modeldeck.operations.execution.execution import Execution
from modeldeck.operations.execution.lock import LockLost, Locks
from modeldeck.operations.planning.announced import is_over, midst_words
from tests.domain.links.templates import deployment
from tests.operations.conftest import Bench
from tests.operations.planning.test_multi_deployment import INTENT, container, planned
from tests.support.plans import with_target

FIRST, SECOND = "20260101-000000-aaaa", "20260102-000000-bbbb"


def run_of(bench: Bench, plan: Plan, **fields: Any) -> Execution:
    run = Execution(plan, bench.fake.clients, bench.journal, bench.fake.clock, lambda operation: None, asyncio.Event(), **fields)
    run.remember("planned", plan=plan_to_journal(plan), host="box")
    return run


def tags(bench: Bench, model: str = "iris") -> dict[str, str]:
    return bench.fake.registry.tags.setdefault(model, {})


def own(execution: Execution) -> str:
    return moving_tag("champion", execution.plan.id)


async def taken_up(bench: Bench) -> Execution:
    return run_of(bench, await bench.good_plan("2"), taken_up=True)


def log(execution: Execution) -> list[str]:
    return [said.message for said in execution.now.log]


async def test_a_tag_that_stands_is_taken_off_at_once(bench: Bench) -> None:
    run = await taken_up(bench)
    tags(bench)[own(run)] = "{}"
    began = bench.fake.clock.monotonic()
    await withdraw(run)
    assert tags(bench) == {}
    assert bench.fake.clock.monotonic() == began
    assert log(run) == [f"take off tag {own(run)} of iris"]


async def test_a_tag_on_its_way_is_waited_for(bench: Bench) -> None:
    run = await taken_up(bench)
    began = bench.fake.clock.monotonic()
    bench.fake.clock.on_sleep.append(lambda: tags(bench).update({own(run): "{}"}))
    await withdraw(run)
    assert bench.fake.clock.monotonic() - began == LATE_ANSWER
    assert tags(bench) == {}


async def test_where_none_arrives_none_is_taken_off(bench: Bench) -> None:
    run = await taken_up(bench)
    await withdraw(run)
    assert (log(run), "untag_model" in bench.fake.traps.calls) == ([], False)


async def test_of_one_that_has_ended_nothing_is_on_its_way(bench: Bench) -> None:
    run = await taken_up(bench)
    run.remember("ended", outcome="done", message="")
    began = bench.fake.clock.monotonic()
    await withdraw(run)
    assert bench.fake.clock.monotonic() == began
    assert "untag_model" not in bench.fake.traps.calls


async def test_what_stands_of_one_that_has_ended_is_taken_off_too(bench: Bench) -> None:
    run = await taken_up(bench)
    run.remember("ended", outcome="done", message="")
    tags(bench)[own(run)] = "{}"
    await withdraw(run)
    assert tags(bench) == {}


async def test_with_the_model_went_its_tags(bench: Bench) -> None:
    run = await taken_up(bench)
    del bench.fake.registry.aliases["iris"]
    await withdraw(run)
    assert log(run) == []


async def test_a_process_that_has_announced_nothing_looks_for_nothing(bench: Bench) -> None:
    run = run_of(bench, await bench.good_plan("2"))
    tags(bench)[own(run)] = "{}"
    calls = len(bench.fake.traps.calls)
    await withdraw(run)
    assert bench.fake.traps.calls[calls:] == []
    assert run.withdrawn


async def test_what_cannot_be_taken_off_says_what_to_type(bench: Bench) -> None:
    run = await taken_up(bench)
    tags(bench)[own(run)] = "{}"
    bench.fake.traps.fail("untag_model", TimedOut("no answer", backend="MLflow"), times=999)
    with pytest.raises(TimedOut) as failed:
        await withdraw(run)
    assert failed.value.message == "alias champion of iris is still announced as moving: MLflow: no answer"
    assert failed.value.backend == "MLflow"
    assert failed.value.hint.startswith(f"modeldeck operations resume {run.plan.id}, or ")
    assert f"delete_registered_model_tag('iris', '{own(run)}')" in failed.value.hint


def announce_others(bench: Bench, *ids: str) -> None:
    tags(bench).update({moving_tag("champion", one): announcement_text(Announcement(one, actor=f"who-{one}")) for one in ids})


async def test_of_several_in_the_way_the_first_is_named(bench: Bench) -> None:
    run = run_of(bench, await bench.good_plan("2"))
    announce_others(bench, SECOND, FIRST)
    with pytest.raises(Conflict, match=f"operation {FIRST} of who-{FIRST} is in the midst"):
        await announce(run)
    assert set(tags(bench)) == {moving_tag("champion", FIRST), moving_tag("champion", SECOND)}
    assert run.announced == set()


async def test_what_cannot_be_taken_off_again_is_told_beside_who_is_in_the_way(bench: Bench) -> None:
    run = run_of(bench, await bench.good_plan("2"))
    announce_others(bench, FIRST)
    bench.fake.traps.fail("untag_model", TimedOut("no answer", backend="MLflow"), times=999)
    with pytest.raises(Conflict, match=f"operation {FIRST} of"):
        await announce(run)
    assert log(run)[-1] == "the announcement could not be taken off: MLflow: no answer"
    assert run.announced == {("iris", "champion")}, "it is still to be taken off"


async def test_without_its_lock_it_does_not_even_take_its_own_off_again(bench: Bench) -> None:
    run = await with_lock(bench)
    assert run.locks is not None
    announce_others(bench, FIRST)

    def lose() -> None:
        assert run.locks is not None
        run.locks.lost = LockLost("taken over")

    bench.fake.traps.before("tag_model", lose)
    with pytest.raises(Conflict):
        await announce(run)
    assert own(run) in tags(bench)
    assert log(run)[-1] == "the announcement could not be taken off: taken over"


async def test_whose_own_tag_stands_waits_for_others_to_yield(bench: Bench) -> None:
    run = run_of(bench, await bench.good_plan("2"))
    tags(bench)[own(run)] = "{}"
    announce_others(bench, SECOND, FIRST)
    began = bench.fake.clock.monotonic()
    with pytest.raises(Conflict, match=f"operation {FIRST} of"):
        await hold_alias(run)
    assert bench.fake.clock.monotonic() - began == 3 * LATE_ANSWER, "four looks"
    assert run.announced == set()
    assert own(run) in tags(bench)

    def others_yield() -> None:
        tags(bench).pop(moving_tag("champion", FIRST), None)
        tags(bench).pop(moving_tag("champion", SECOND), None)

    bench.fake.clock.on_sleep.append(others_yield)
    began = bench.fake.clock.monotonic()
    await hold_alias(run)
    assert bench.fake.clock.monotonic() - began == LATE_ANSWER
    assert run.announced == {("iris", "champion")}
    assert "tag_model" not in bench.fake.traps.calls, "it stands already"
    calls = len(bench.fake.traps.calls)
    await hold_alias(run)
    assert bench.fake.traps.calls[calls:] == [], "it is known by now"


async def test_whose_own_tag_is_missing_announces_again(bench: Bench) -> None:
    run = run_of(bench, await bench.good_plan("2"))
    await hold_alias(run)
    assert set(tags(bench)) == {own(run)}
    assert run.announced == {("iris", "champion")}


async def test_an_alias_of_which_nothing_is_known_yet_keeps_no_other_from_being_announced(bench: Bench) -> None:
    bench.fake.registry.add("wine", "1", "2")
    bench.fake.registry.aliases["wine"]["champion"] = "1"
    made = await bench.good_plan("2")
    wine = with_target(replace(made, steps=()), model="wine", fingerprint=replace(made.last.fingerprint, alias_known=False))
    still = with_target(
        replace(made, steps=()), model="beer", fingerprint=replace(made.last.fingerprint, alias_version=made.last.to_version)
    )
    run = run_of(bench, replace(made, targets=(wine.last, still.last, made.last)))
    assert sorted((await announce(run)).split(", ")) == [
        "alias champion of iris announced",
        "alias champion of wine is announced when it is moved: MLflow could not be asked",
    ]
    assert set(tags(bench)) == {own(run)}
    assert tags(bench, "wine") == {}
    unknown_first = run_of(bench, replace(made, id=SECOND, targets=(wine.last, made.last)))
    tags(bench).clear()
    assert "alias champion of iris announced" in await announce(unknown_first)


async def test_what_a_copy_will_make_is_announced_when_it_is_there(bench: Bench) -> None:
    """The model that it is copied to may not be there yet; any other that is missing is trouble."""
    made = with_target(await bench.good_plan("2"), model="prod.iris")
    copying = run_of(bench, with_target(made, copied_from="models:/iris/2"))
    assert await announce(copying) == "alias champion of prod.iris is announced when it is moved: the model is yet to be made"
    assert copying.announced == set()
    with pytest.raises(NotFound, match=r"no model prod\.iris"):
        await announce(run_of(bench, made))
    began = bench.fake.clock.monotonic()
    bench.fake.traps.fail("tag_model", Forbidden("no edit", backend="MLflow"), times=999)
    assert "is yet to be made" in await announce(copying)
    assert bench.fake.clock.monotonic() == began, "nothing like it was allowed when it was planned"
    iris = run_of(bench, with_target(made, model="iris"))
    with pytest.raises(Forbidden):
        await announce(iris)
    assert bench.fake.clock.monotonic() - began >= SETTLING, "the API server may just have been started"
    assert iris.announced == set()


async def with_lock(bench: Bench) -> Execution:
    run = run_of(bench, await bench.good_plan("2"))
    run.locks = Locks(bench.fake.cluster, bench.fake.clock)
    await run.locks.acquire(run.plan, run.target, run.say)
    return run


async def test_without_its_lock_nothing_is_taken_off_but_where_nothing_was_changed(bench: Bench) -> None:
    run = await with_lock(bench)
    await announce(run)
    assert run.locks is not None
    run.locks.lost = LockLost("taken over")
    with pytest.raises(LockLost):
        await withdraw(run)
    assert set(tags(bench)) == {own(run)}
    assert await withdraw_untouched(run) == ""
    assert tags(bench) == {}


async def test_a_cancel_does_not_keep_it_from_being_taken_off(bench: Bench) -> None:
    run = run_of(bench, await bench.good_plan("2"))
    await announce(run)
    run.cancel.set()
    bench.fake.traps.fail("untag_model", TimedOut("no answer", backend="MLflow"), times=2)
    assert await withdraw_untouched(run) == ""
    assert tags(bench) == {}


@pytest.mark.parametrize("where", ["", "iris", "/iris", "serving/"])
async def test_one_that_names_no_deployment_is_not_looked_for(bench: Bench, where: str) -> None:
    run = await with_lock(bench)
    tags(bench)[moving_tag("champion", FIRST)] = announcement_text(Announcement(FIRST, deployment=where, uid="uid-iris"))
    calls = len(bench.fake.traps.calls)
    with pytest.raises(Conflict):
        await announce(run)
    assert "deployment" not in bench.fake.traps.calls[calls:]


@pytest.mark.parametrize("failure", [NotFound("gone", backend="Kubernetes"), Forbidden("not you", backend="Kubernetes")])
async def test_one_whose_deployment_cannot_be_seen_is_in_the_way(bench: Bench, failure: Failure) -> None:
    run = await with_lock(bench)
    tags(bench)[moving_tag("champion", FIRST)] = announcement_text(Announcement(FIRST, deployment="serving/iris", uid="uid-iris"))
    bench.fake.traps.fail("deployment", failure, times=9)
    began = bench.fake.clock.monotonic()
    with pytest.raises(Conflict, match=f"operation {FIRST} of somebody"):
        await announce(run)
    assert bench.fake.clock.monotonic() == began


async def test_only_on_a_deployment_whose_lock_is_ours_a_missing_mark_tells(bench: Bench) -> None:
    run = await with_lock(bench)
    for name in ("aaa", "zzz"):
        bench.fake.cluster.add("serving", name, [{"name": "server", "image": "s:1"}])
        tags(bench)[moving_tag("champion", FIRST)] = announcement_text(Announcement(FIRST, deployment=f"serving/{name}", uid=f"uid-{name}"))
        with pytest.raises(Conflict):
            await announce(run)
    tags(bench)[moving_tag("champion", FIRST)] = announcement_text(Announcement(FIRST, deployment="serving/iris", uid="uid-iris"))
    assert await announce(run) == "alias champion of iris announced"
    assert f"operation {FIRST} has ended without taking off that it moves alias champion of iris: taken off" in log(run)
    assert set(tags(bench)) == {own(run)}


async def test_it_names_the_deployment_whose_mark_is_taken_off_last(bench: Bench) -> None:
    """Of several it is the one that is marked first: on the way back its mark goes last."""
    bench.fake.cluster.add("serving", "staging", container("models:/iris/1"))
    run = run_of(bench, await planned(bench, INTENT))
    await announce(run)
    (told,) = announced_by_others(tags(bench), "champion")
    assert (told.deployment, told.uid) == ("serving/staging", "uid-staging")


async def test_an_alias_that_is_nowhere_yet_moves_from_nothing(bench: Bench) -> None:
    del bench.fake.registry.aliases["iris"]["champion"]
    await announce(run_of(bench, await bench.good_plan("2")))
    (told,) = announced_by_others(tags(bench), "champion")
    assert (told.from_version, told.to_version) == ("", "2")


@pytest.mark.parametrize(
    ("known", "at", "moves"), [(True, "1", True), (True, "3", True), (True, "2", False), (True, None, True), (False, "2", True)]
)
async def test_whether_an_alias_moves(bench: Bench, known: bool, at: str | None, moves: bool) -> None:
    made = await bench.good_plan("2")
    assert moves_alias(replace(made.last, fingerprint=replace(made.last.fingerprint, alias_known=known, alias_version=at))) is moves


async def test_a_long_name_is_announced_in_part(bench: Bench) -> None:
    made = await bench.good_plan("2", actor="a" * 121)
    run = run_of(bench, made)
    await announce(run)
    (told,) = announced_by_others(tags(bench), "champion")
    assert (len(told.actor), told.actor[:119]) == (120, "a" * 119)
    assert told.at.startswith("2023-11-14T22:13")
    assert told.uid == made.last.fingerprint.deployment_uid


def test_words_and_hint_have_a_longest_length() -> None:
    message, hint = midst_words("m" * 3000, "champion", Announcement(FIRST))
    assert (len(message), len(hint)) == (600, 1200)


@pytest.mark.parametrize(
    ("known", "message"),
    [
        ({}, f"operation {FIRST} of somebody is in the midst of moving alias champion of iris"),
        ({"from_version": "1"}, f"operation {FIRST} of somebody is in the midst of moving alias champion of iris"),
        ({"to_version": "2", "actor": "bob"}, f"operation {FIRST} of bob is in the midst of moving alias champion of iris, nothing → 2"),
        (
            {"deployment": "a/b", "from_version": "1", "to_version": "2", "at": "noon"},
            f"operation {FIRST} of somebody is in the midst of moving alias champion of iris on a/b, 1 → 2, since noon",
        ),
    ],
)
def test_as_much_is_told_of_another_as_it_says(known: dict[str, str], message: str) -> None:
    assert midst_words("iris", "champion", Announcement(FIRST, **known))[0] == message


def marked(operation_id: str) -> Callable[[], dict[str, str]]:
    return lambda: {OPERATION: mark_text(OperationAnnotation(operation_id))}


def ended(operation_id: str, outcome: str) -> Callable[[], dict[str, str]]:
    return lambda: {HISTORY: history_text({}, OperationAnnotation(operation_id, outcome=outcome))}


@pytest.mark.parametrize(
    ("annotations", "over", "over_locked"),
    [
        (dict, False, True),
        (marked(FIRST), False, False),
        (marked(SECOND), False, True),
        (marked("2025"), False, True),
        (ended(FIRST, "done"), True, True),
        (ended(FIRST, "undone"), True, True),
        (ended(FIRST, "needs attention"), False, True),
        (ended(SECOND, "done"), False, True),
    ],
)
def test_only_its_deployment_tells_that_another_is_over(annotations: Callable[[], dict[str, str]], over: bool, over_locked: bool) -> None:
    there = deployment(annotations=annotations())
    other = Announcement(FIRST, uid=there.uid)
    assert is_over(other, there, locked=False) is over
    assert is_over(other, there, locked=True) is over_locked
    for uid in ("1-before", "zz-after"):
        assert not is_over(replace(other, uid=uid), there, locked=True)
