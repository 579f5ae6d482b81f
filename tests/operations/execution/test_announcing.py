"""The announcement that an alias moves: of operations on different Deployments that share it, one at a time goes on."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.failures import Failure, Forbidden, NotFound, TimedOut
from modeldeck.domain.kubernetes.annotations import OperationAnnotation, history_text
from modeldeck.domain.mlflow.announcements import MOVING_TAG, Announcement, announced_by_others, announcement_text, moving_tag
from modeldeck.domain.operations.operation import Outcome
from modeldeck.domain.operations.plan import Plan
from modeldeck.domain.operations.steps import StepName
from modeldeck.operations.execution.adopt import adopt
from tests.operations.conftest import Bench
from tests.operations.cutting import Cutting, PowerCut
from tests.support.fakes.journals import MemoryJournal

OTHER = "20260101-000000-aaaa"
KEY = moving_tag("champion", OTHER)


@pytest.fixture
def shared(bench: Bench) -> Bench:
    """A second Deployment of the same model."""
    bench.fake.cluster.add("serving", "staging", deepcopy(bench.fake.template()["spec"]["containers"]))
    return bench


def announce(bench: Bench, **fields: Any) -> None:
    known = {"deployment": "serving/staging", "uid": uid(bench, "serving/staging"), "actor": "bob@box", **fields}
    bench.fake.registry.tags["iris"] = {KEY: announcement_text(Announcement(OTHER, from_version="1", to_version="3", **known))}


def uid(bench: Bench, key: str) -> str:
    found: str = bench.fake.cluster.deployments[key]["metadata"]["uid"]
    return found


def tags(bench: Bench) -> dict[str, str]:
    return bench.fake.registry.tags.get("iris", {})


def annotate(bench: Bench, key: str, name: str, text: str) -> None:
    bench.fake.cluster.edit(key, lambda raw: raw["metadata"]["annotations"].update({name: text}))


def refusal(made: object) -> str:
    assert isinstance(made, Plan)
    (check,) = made.refused
    assert check.name == "other operations"
    return f"{check.message} ({check.hint})"


async def test_it_stands_from_the_lock_to_the_mark_and_says_what_moves(bench: Bench) -> None:
    seen: list[dict[str, str]] = []
    for call in ("patch_deployment", "set_alias"):
        bench.fake.traps.before(call, lambda: seen.append(dict(tags(bench))))
    made = await bench.good_plan("2")
    (lock,) = (step for step in made.steps if step.name is StepName.LOCK)
    assert lock.after == f"held by {made.id}, alias champion announced as moving"
    ended = await bench.run(made)
    assert ended.outcome is Outcome.DONE, ended.message
    assert ended.steps[0].message == "locked; alias champion of iris announced"
    assert len(seen) >= 2
    for found in seen[:2]:
        (told,) = announced_by_others(found, "champion")
        assert (told.id, told.deployment, told.actor, told.from_version, told.to_version) == (made.id, "serving/iris", "ann@box", "1", "2")
    assert tags(bench) == {}


async def test_who_moves_no_alias_announces_nothing(bench: Bench) -> None:
    bench.fake.registry.aliases["iris"]["champion"] = "2"
    assert (await bench.promote("2")).outcome is Outcome.DONE
    assert not {"tag_model", "untag_model"} & set(bench.fake.traps.calls)


@pytest.mark.parametrize("to", ["2", "3"])
async def test_while_another_is_in_the_midst_nothing_is_planned(shared: Bench, to: str) -> None:
    announce(shared, at="2026-01-01T00:00:00.000Z")
    message = refusal(await shared.plan(to))
    assert (
        f"operation {OTHER} of bob@box is in the midst of moving alias champion of iris on serving/staging, 1 → 3, since 2026-01-01"
        in message
    )
    assert f"modeldeck operations undo {OTHER}" in message
    assert f"delete_registered_model_tag('iris', '{KEY}')" in message


async def test_who_begins_meanwhile_takes_its_own_off_and_changes_nothing(shared: Bench) -> None:
    made = await shared.good_plan("2")
    planned = len(shared.fake.traps.calls)
    shared.fake.traps.before("tag_model", lambda: announce(shared))
    ended = await shared.run(made)
    assert ended.outcome is Outcome.REFUSED
    assert f"operation {OTHER} of bob@box is in the midst of moving alias champion" in ended.message
    assert set(tags(shared)) == {KEY}
    assert not {"patch_deployment", "set_alias"} & set(shared.fake.traps.calls[planned:])
    assert all(not lease.holder for lease in shared.fake.cluster.leases.values())


@pytest.mark.parametrize("outcome", ["done", "undone"])
async def test_one_whose_deployment_tells_its_end_is_in_nobodys_way(shared: Bench, outcome: str) -> None:
    announce(shared)
    annotate(shared, "serving/staging", "modeldeck.dev/history", history_text({}, OperationAnnotation(OTHER, outcome=outcome)))
    assert (await shared.promote("2")).outcome is Outcome.DONE
    assert tags(shared) == {}


@pytest.mark.parametrize(
    "known",
    [{}, {"uid": "of-another-cluster"}, {"deployment": "elsewhere/iris"}, {"deployment": "", "uid": ""}],
)
async def test_one_of_which_nothing_is_certain_is_left_alone(shared: Bench, known: dict[str, str]) -> None:
    announce(shared, **known)
    if "uid" in known:
        annotate(shared, "serving/staging", "modeldeck.dev/history", history_text({}, OperationAnnotation(OTHER, outcome="done")))
    assert OTHER in refusal(await shared.plan("2"))
    assert set(tags(shared)) == {KEY}


async def test_one_with_an_open_end_may_be_taken_up_again(shared: Bench) -> None:
    announce(shared)
    annotate(shared, "serving/staging", "modeldeck.dev/history", history_text({}, OperationAnnotation(OTHER, outcome="needs attention")))
    assert OTHER in refusal(await shared.plan("2"))


async def test_on_our_own_deployment_the_lock_and_the_mark_tell(shared: Bench) -> None:
    announce(shared, deployment="serving/iris", uid=uid(shared, "serving/iris"))
    assert (await shared.promote("2")).outcome is Outcome.DONE
    assert tags(shared) == {}


async def test_a_text_that_is_none_of_ours_still_names_its_operation(bench: Bench) -> None:
    for text in ("", "[]", "{", '{"deployment": 1}', "[" * 5000):
        bench.fake.registry.tags["iris"] = {KEY: text}
        assert f"operation {OTHER} of somebody is in the midst of moving alias champion of iris" in refusal(await bench.plan("2"))


async def test_another_alias_and_another_model_are_in_nobodys_way(bench: Bench) -> None:
    bench.fake.registry.tags["iris"] = {moving_tag("champion-2", OTHER): "{}", f"{MOVING_TAG}x": "{}", "team": "vision"}
    assert (await bench.promote("2")).outcome is Outcome.DONE


async def test_a_lost_answer_is_asked_again_and_leaves_nothing(bench: Bench) -> None:
    bench.fake.traps.fail("tag_model", TimedOut("no answer"), times=2)
    bench.fake.traps.fail("untag_model", TimedOut("no answer"), times=2)
    assert (await bench.promote("2")).outcome is Outcome.DONE
    assert tags(bench) == {}


@pytest.mark.parametrize("failure", [Forbidden("this needs EDIT on the registered model iris"), NotFound("no model iris")])
async def test_where_it_cannot_be_announced_nothing_is_changed(bench: Bench, failure: Failure) -> None:
    made = await bench.good_plan("2")
    bench.fake.traps.fail("tag_model", failure, times=999)
    ended = await bench.run(made)
    assert ended.outcome is Outcome.UNDONE
    assert failure.message in ended.message
    assert "nothing had been changed yet" in ended.message
    assert (bench.fake.env(), bench.fake.champion) == ("models:/iris/1", "1")


async def test_what_cannot_be_taken_off_keeps_the_mark_and_is_finished_later(bench: Bench) -> None:
    made = await bench.good_plan("2")
    bench.fake.traps.fail("untag_model", TimedOut("no answer"), times=999)
    ended = await bench.run(made)
    assert ended.outcome is Outcome.NEEDS_ATTENTION
    assert "alias champion of iris is still announced as moving" in ended.message
    assert "modeldeck.dev/operation" in bench.fake.annotations()
    bench.fake.traps.clear()
    ended = await bench.resume(made.id)
    assert ended.outcome is Outcome.DONE, ended.message
    assert tags(bench) == {}
    assert "modeldeck.dev/operation" not in bench.fake.annotations()


@pytest.mark.parametrize("verb", ["resume", "take_back"])
@pytest.mark.parametrize("entries", range(3, 30))
async def test_whoever_takes_it_up_leaves_nothing_announced(shared: Bench, verb: str, entries: int) -> None:
    made = await shared.good_plan("2")
    try:
        await shared.run_on(made, Cutting(shared.journal, entries, before=False))
    except PowerCut:
        shared.fake.cluster.leases.clear()
        try:
            await getattr(shared, verb)(made.id)
        except Failure:  # past its commit it is not taken back; and what has ended is not gone on with
            await shared.resume(made.id)
    assert tags(shared) == {}


async def test_who_takes_it_up_announces_again_what_is_missing_and_gives_way(shared: Bench) -> None:
    made = await shared.good_plan("2")
    with pytest.raises(PowerCut):
        await shared.run_on(made, Cutting(shared.journal, 11, before=False))
    shared.fake.cluster.leases.clear()
    assert moving_tag("champion", made.id) in tags(shared)
    announce(shared)  # over it: somebody took it off by hand, and another has begun
    ended = await shared.resume(made.id)
    assert ended.outcome is Outcome.UNDONE, ended.message
    assert f"operation {OTHER} of bob@box is in the midst" in ended.message
    assert set(tags(shared)) == {KEY}
    assert (shared.fake.env(), shared.fake.champion) == ("models:/iris/1", "1")


async def test_a_colleague_without_the_journal_takes_it_off_too(shared: Bench) -> None:
    made = await shared.good_plan("2")
    with pytest.raises(PowerCut):
        await shared.run_on(made, Cutting(shared.journal, 11, before=False))
    shared.fake.cluster.leases.clear()
    elsewhere = Bench(shared.fake, MemoryJournal())
    await adopt(made.id, shared.fake.clients, elsewhere.journal, shared.fake.clock)
    assert (await elsewhere.take_back(made.id)).outcome is Outcome.UNDONE
    assert tags(shared) == {}


def test_keys_and_texts_stay_within_what_mlflow_takes() -> None:
    one, other = moving_tag("a" * 254 + "b", OTHER), moving_tag("a" * 254 + "c", OTHER)
    assert one != other
    assert max(len(one), len(other)) <= 250
    big = replace(Announcement(OTHER), deployment="d" * 9000, actor="ä" * 9000)
    assert len(announcement_text(big)) < 2000
