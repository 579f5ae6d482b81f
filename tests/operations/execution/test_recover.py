"""Taking back an operation whose process is gone: cut off after every single entry of its journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

import pytest

from modeldeck.domain.failures import Conflict, Forbidden, NotFound
from modeldeck.domain.kubernetes.annotations import HISTORY, OPERATION, history_of
from modeldeck.domain.operations.operation import Outcome, State
from modeldeck.domain.operations.plan import Plan
from modeldeck.domain.operations.steps import StepName, StepState
from modeldeck.operations.common.guard import ReadOnly
from modeldeck.operations.common.liveness import is_alive
from modeldeck.operations.common.text import host
from modeldeck.operations.execution.adopt import adopt
from modeldeck.operations.execution.execute import execute
from modeldeck.operations.service import targets_of
from tests.operations.conftest import Bench
from tests.operations.cutting import Cutting, PowerCut, bury
from tests.support.fakes.clients import fake_clients
from tests.support.fakes.cluster import REVISION
from tests.support.fakes.journals import MemoryJournal
from tests.support.processes import gone_pid


@pytest.mark.parametrize("before", [False, True], ids=["after", "before"])
@pytest.mark.parametrize("entries", range(2, 22))
@pytest.mark.parametrize("uri", ["models:/iris/1", "models:/iris@champion"])
async def test_cut_off_anywhere_it_can_be_taken_back_or_is_committed(
    bench_of: Callable[[str], Bench], uri: str, entries: int, before: bool
) -> None:
    bench = bench_of(uri)
    made = await bench.good_plan("2")
    template = bench.fake.template()
    cutting = Cutting(bench.journal, entries, before=before)
    with pytest.raises(PowerCut):
        await execute(made, bench.fake.clients, cutting, bench.fake.clock, bench.seen.append, bench.cancel)
    operation = bench.journal.operation(made.id)
    if operation is None or operation.runner_pid is None:
        assert bench.fake.template() == template
        return
    refused = await bench.plan("3")
    if OPERATION in bench.fake.annotations():
        assert isinstance(refused, Plan)
        assert [check.hint for check in refused.refused if check.name == "other operations"] == [f"modeldeck operations undo {made.id}"]
    if all(step.state is StepState.DONE for step in operation.steps[: made.commit_index + 1]):
        with pytest.raises(Conflict, match="is a roll-back"):
            await bench.take_back(made.id)
        assert bench.fake.champion == "2"
        return
    ended = await bench.take_back(made.id)
    assert ended.outcome is Outcome.UNDONE, ended.message
    assert bench.fake.template() == template
    assert bench.fake.champion == "1"
    assert OPERATION not in bench.fake.annotations()
    assert bench.journal.operation(made.id) == ended


@pytest.mark.parametrize("before", [False, True], ids=["after", "before"])
@pytest.mark.parametrize("entries", range(2, 34))
@pytest.mark.parametrize("uri", ["models:/iris/1", "models:/iris@champion"])
async def test_cut_off_anywhere_it_goes_on_to_the_same_end(bench_of: Callable[[str], Bench], uri: str, entries: int, before: bool) -> None:
    bench = bench_of(uri)
    made = await bench.good_plan("2")
    cutting = Cutting(bench.journal, entries, before=before)
    with suppress(PowerCut):
        await execute(made, bench.fake.clients, cutting, bench.fake.clock, bench.seen.append, bench.cancel)
    if bench.journal.operation(made.id) is None or bench.journal.operation(made.id).state is State.ENDED:
        return
    bury(bench.fake)
    ended = await bench.resume(made.id)
    assert ended.outcome is Outcome.DONE, ended.message
    assert {step.state for step in ended.steps} == {StepState.DONE}
    assert bench.fake.champion == "2"
    assert "/2" in (bench.fake.env() or "") or uri.endswith("@champion")
    assert OPERATION not in bench.fake.annotations()
    assert [line.outcome for line in history_of(bench.fake.annotations())] == ["done"]
    assert all(not lease.holder for lease in bench.fake.cluster.leases.values())
    assert len([event for event in bench.fake.cluster.events if event[1] == "Promoted"]) == 1
    assert bench.journal.operation(made.id) == ended


@pytest.mark.parametrize("entries", range(2, 40))
async def test_an_undo_cut_off_anywhere_goes_on_to_its_end(bench: Bench, entries: int) -> None:
    bench.fake.cluster.broken.add("models:/iris/2")
    template = bench.fake.template()
    made = await bench.good_plan("2")
    cutting = Cutting(bench.journal, entries, before=False)
    with suppress(PowerCut):
        await execute(made, bench.fake.clients, cutting, bench.fake.clock, bench.seen.append, bench.cancel)
    if bench.journal.operation(made.id) is None or bench.journal.operation(made.id).state is State.ENDED:
        return
    ended = await bench.resume(made.id)
    assert ended.outcome is Outcome.UNDONE, ended.message
    assert bench.fake.template() == template
    assert bench.fake.champion == "1"
    assert OPERATION not in bench.fake.annotations()


@pytest.mark.parametrize("uri", ["models:/iris/1", "models:/iris@champion"])
@pytest.mark.parametrize("entries", range(5, 24))
async def test_a_colleague_takes_it_back_without_the_journal(bench_of: Callable[[str], Bench], uri: str, entries: int) -> None:
    bench = bench_of(uri)
    made = await bench.good_plan("2")
    template, annotations = bench.fake.template(), dict(bench.fake.annotations())
    with pytest.raises(PowerCut):
        await execute(
            made, bench.fake.clients, Cutting(bench.journal, entries, before=False), bench.fake.clock, bench.seen.append, bench.cancel
        )
    elsewhere = Bench(bench.fake, MemoryJournal())
    if OPERATION not in bench.fake.annotations():
        with pytest.raises(NotFound):
            await adopt(made.id, bench.fake.clients, elsewhere.journal, bench.fake.clock)
        return
    if bench.fake.registry.versions["iris", "2"].tags:
        await finished_elsewhere(bench, elsewhere, made.id)
        return
    with pytest.raises(Conflict, match="not gone on with"):
        await adopt(made.id, bench.fake.clients, elsewhere.journal, bench.fake.clock, finish=True)
    await adopt(made.id, bench.fake.clients, elsewhere.journal, bench.fake.clock)
    with pytest.raises(Conflict, match="not gone on with"):
        await elsewhere.resume(made.id)
    ended = await elsewhere.take_back(made.id)
    assert ended.outcome is Outcome.UNDONE, ended.message
    assert bench.fake.template() == template
    assert bench.fake.champion == "1"
    kept = {key: text for key, text in bench.fake.annotations().items() if key not in (HISTORY, REVISION)}
    assert kept == {key: text for key, text in annotations.items() if key != REVISION}
    here = await bench.resume(made.id)
    assert here.outcome is Outcome.UNDONE
    assert "taken back elsewhere" in here.message


async def finished_elsewhere(bench: Bench, elsewhere: Bench, operation_id: str) -> None:
    """Past its commit, as the tags tell: a colleague may not take it back, but finishes it."""
    with pytest.raises(Conflict, match="is a roll-back"):
        await adopt(operation_id, bench.fake.clients, elsewhere.journal, bench.fake.clock)
    await adopt(operation_id, bench.fake.clients, elsewhere.journal, bench.fake.clock, finish=True)
    ended = await elsewhere.resume(operation_id)
    assert ended.outcome is Outcome.DONE, ended.message
    assert OPERATION not in bench.fake.annotations()
    tags = bench.fake.registry.versions["iris", "2"].tags
    assert (tags["modeldeck.operation"], tags["modeldeck.actor"]) == (operation_id, "ann@box")
    assert [line.outcome for line in history_of(bench.fake.annotations())] == ["done"]
    sent = len(bench.fake.traps.calls)
    here = await bench.resume(operation_id)
    assert here.outcome is Outcome.DONE
    assert "it was finished" in here.message
    assert not {"tag_version", "patch_deployment", "set_alias"} & set(bench.fake.traps.calls[sent:])


BEFORE_THE_FIRST_REQUEST = 7
"""Entries: the first request that others would see is written down, and has not left."""


async def test_what_a_colleague_took_back_was_not_carried_out_whoever_came_later(bench: Bench) -> None:
    """The alias needed no move, so that its own journal had it as committed when it was cut off."""
    bench.fake.cluster.set_env("serving/iris", "MODEL_URI", "models:/iris/3")
    bench.fake.cluster.roll_out("serving/iris")
    made = await bench.good_plan("1")
    with pytest.raises(PowerCut):
        await bench.run_on(made, Cutting(bench.journal, 14, before=False))
    bench.fake.cluster.leases.clear()
    elsewhere = Bench(bench.fake, MemoryJournal())
    await adopt(made.id, bench.fake.clients, elsewhere.journal, bench.fake.clock)
    assert (await elsewhere.take_back(made.id)).outcome is Outcome.UNDONE
    assert (await elsewhere.promote("1", actor="bob@box")).outcome is Outcome.DONE
    ended = await bench.resume(made.id)
    assert ended.outcome is Outcome.UNDONE, ended.message
    assert bench.fake.env() == "models:/iris/1"


async def test_what_had_been_carried_out_is_not_told_again_over_a_later_operation(bench: Bench) -> None:
    """Its release had failed; then somebody promoted something else, and much later it is gone on with."""
    made = await bench.good_plan("2")
    bench.fake.traps.fail("patch_deployment", Forbidden("role was taken away"), skip=1, times=9)
    left = await bench.run(made)
    assert left.outcome is Outcome.NEEDS_ATTENTION
    bench.fake.traps.clear()
    for version in ("3", "2", "1"):
        assert (await bench.promote(version, actor="bob@box")).outcome is Outcome.DONE
    tags, calls = dict(bench.fake.registry.versions["iris", "2"].tags), len(bench.fake.traps.calls)
    ended = await bench.resume(made.id)
    assert ended.outcome is Outcome.DONE, ended.message
    assert "another operation has been there since" in ended.message
    assert bench.fake.registry.versions["iris", "2"].tags == tags
    assert not {"patch_deployment", "set_alias", "tag_version"} & set(bench.fake.traps.calls[calls:])


async def cut_off(bench: Bench, entries: int) -> str:
    """An operation whose process and lock are gone."""
    made = await bench.good_plan("2")
    with pytest.raises(PowerCut):
        await bench.run_on(made, Cutting(bench.journal, entries, before=False))
    bench.fake.cluster.leases.clear()
    return made.id


async def test_the_alias_does_not_follow_a_template_that_somebody_has_changed_since(bench: Bench) -> None:
    """Its rollout was over when it was cut off, right before the alias was to move."""
    made = await bench.good_plan("2")
    at_alias = next(index for index, step in enumerate(made.steps) if step.name is StepName.MOVE_ALIAS)

    class Cut(MemoryJournal):
        def append(self, operation_id: str, kind: str, body: Mapping[str, object]) -> None:
            if (kind, body.get("step")) == ("trying", at_alias):
                raise PowerCut
            super().append(operation_id, kind, {**body, "pid": gone_pid()} if kind == "started" else body)

    cut = Cut()
    cut.written = bench.journal.written
    with pytest.raises(PowerCut):
        await bench.run_on(made, cut)
    bench.fake.cluster.leases.clear()
    bench.fake.cluster.set_env("serving/iris", "MODEL_URI", "models:/iris/3")
    ended = await bench.resume(made.id)
    assert ended.outcome is Outcome.NEEDS_ATTENTION
    assert "somebody (field manager kubectl-set) changed the template meanwhile" in ended.message
    assert (bench.fake.env(), bench.fake.champion) == ("models:/iris/3", "1")
    assert [reason for _, reason, _ in bench.fake.cluster.events] == ["PromotionNeedsAttention"]


@pytest.mark.parametrize("uri", ["models:/iris/1", "models:/iris@champion"])
async def test_the_same_change_by_somebody_else_is_not_taken_back(bench_of: Callable[[str], Bench], uri: str) -> None:
    bench = bench_of(uri)
    ours = await cut_off(bench, BEFORE_THE_FIRST_REQUEST)
    theirs = await Bench(bench.fake, MemoryJournal()).promote("2", actor="bob@box")
    assert theirs.outcome is Outcome.DONE
    template = bench.fake.template()
    ended = await bench.take_back(ours)
    assert ended.outcome is Outcome.UNDONE, ended.message
    assert bench.fake.template() == template
    assert bench.fake.champion == "2"
    assert [line.id for line in history_of(bench.fake.annotations())] == [theirs.id]


@pytest.mark.parametrize("uri", ["models:/iris/1", "models:/iris@champion"])
async def test_what_was_taken_back_before_the_cut_is_nobodys_trouble_later(bench_of: Callable[[str], Bench], uri: str) -> None:
    """The last request of the way back had landed, and nobody had written that down; then others went on."""
    bench = bench_of(uri)
    made = await bench.good_plan("2")
    bench.fake.traps.before("pods_of", bench.cancel.set)

    class Cut(MemoryJournal):
        def append(self, operation_id: str, kind: str, body: Mapping[str, object]) -> None:
            if history_of(bench.fake.annotations()):
                raise PowerCut
            super().append(operation_id, kind, {**body, "pid": gone_pid()} if kind == "started" else body)

    bench.journal = Cut()
    with pytest.raises(PowerCut):
        await bench.run(made)
    bench.fake.cluster.leases.clear()
    bench.fake.cluster.set_env("serving/iris", "MODEL_URI", "models:/iris/3")
    bench.fake.registry.aliases["iris"]["champion"] = "2"
    template, later = bench.fake.template(), MemoryJournal()
    later.written = bench.journal.written
    ended = await Bench(bench.fake, later).resume(made.id)
    assert ended.outcome is Outcome.UNDONE, ended.message
    assert bench.fake.template() == template
    assert bench.fake.champion == "2"


@pytest.mark.parametrize("uri", ["models:/iris/1", "models:/iris@champion"])
async def test_without_its_mark_nobody_can_tell_what_is_its_own(bench_of: Callable[[str], Bench], uri: str) -> None:
    bench = bench_of(uri)
    ours = await cut_off(bench, 14)
    bench.fake.cluster.edit("serving/iris", lambda raw: raw["metadata"]["annotations"].pop(OPERATION))
    template = bench.fake.template()
    ended = await bench.take_back(ours)
    assert ended.outcome is Outcome.NEEDS_ATTENTION
    assert "the mark of this operation is gone" in ended.message
    assert bench.fake.template() == template


async def test_what_somebody_else_has_taken_up_meanwhile_is_left_to_them(bench: Bench) -> None:
    """Two people see the same stale heartbeat: the slower one finds the lock free again, and the journal gone on."""
    made = await bench.good_plan("2")
    with pytest.raises(PowerCut):
        await bench.run_on(made, Cutting(bench.journal, 8, before=False))
    finished: list[Outcome | None] = []

    class Slow(MemoryJournal):
        """Read before, used after the other one has finished."""

    slow = Slow()
    slow.written = list(bench.journal.written)
    finished.append((await bench.resume(made.id)).outcome)
    late = Bench(bench.fake, slow)
    slow.claim = bench.journal.claim  # type: ignore[method-assign]
    bench.fake.annotations().pop(HISTORY)  # as if it had been pushed out by ten others
    calls = len(bench.fake.traps.calls)
    with pytest.raises(Conflict, match="taken up by another process"):
        await late.take_back(made.id)
    assert finished == [Outcome.DONE]
    assert not {"patch_deployment", "set_alias"} & set(bench.fake.traps.calls[calls:])
    assert all(not lease.holder for lease in bench.fake.cluster.leases.values())


async def test_what_is_not_for_us_to_take_back(bench: Bench) -> None:
    async def back(operation_id: str) -> None:
        await bench.take_back(operation_id)

    with pytest.raises(NotFound):
        await back("nobody")
    done = await bench.promote("2")
    with pytest.raises(Conflict, match="has ended: done"):
        await back(done.id)


async def test_another_clusters_deployment_of_the_same_name_is_left_alone(bench: Bench) -> None:
    made = await bench.good_plan("2")
    cutting = Cutting(bench.journal, 8, before=False)
    with pytest.raises(PowerCut):
        await execute(made, bench.fake.clients, cutting, bench.fake.clock, bench.seen.append, bench.cancel)
    elsewhere = fake_clients()
    elsewhere.cluster.deployments["serving/iris"]["metadata"]["uid"] = "another"
    with pytest.raises(Conflict, match="another deployment"):
        await Bench(elsewhere, bench.journal).take_back(made.id)
    there = Bench(elsewhere, bench.journal)
    assert (await there.promote("2")).outcome is Outcome.DONE
    assert isinstance(await there.plan("3"), Plan)
    assert [target.version for target in await targets_of("serving", "iris", elsewhere.clients, bench.journal, elsewhere.clock)] == ["1"]


async def test_a_read_only_environment_takes_nothing_back(bench: Bench) -> None:
    from dataclasses import replace

    done = await bench.promote("2")
    bench.fake.environment = replace(bench.fake.environment, read_only=True)
    with pytest.raises(ReadOnly):
        await bench.take_back(done.id)


async def test_another_machines_process_is_nobodys_to_judge(bench: Bench) -> None:
    from dataclasses import replace

    done = await bench.promote("2")
    assert is_alive(done) is True
    assert is_alive(replace(done, runner_pid=gone_pid())) is False
    assert is_alive(replace(done, host=f"not-{host()}")) is None
    assert is_alive(replace(done, runner_pid=None)) is None
