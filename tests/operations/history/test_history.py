"""Each real move once, however many memories tell of it, whoever made it; and newest first."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from modeldeck.domain.identity import ClusterId
from modeldeck.domain.kubernetes.annotations import HISTORY, OPERATION, OperationAnnotation, history_of, mark_text
from modeldeck.domain.mlflow.alias_changes import AliasChange, AliasMove
from modeldeck.domain.operations.history_entry import HistoryEntry
from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.operations.operation import Outcome, State
from modeldeck.domain.operations.plan import Plan
from modeldeck.operations.common.text import iso
from modeldeck.operations.history.history import Memories, history
from modeldeck.operations.planning.plan import plan
from tests.operations.conftest import Bench
from tests.support.fakes.clients import fake_clients
from tests.support.fakes.journals import MemoryJournal

KEY = "serving/iris"


async def told(bench: Bench, *sightings: AliasChange, **memories: Any) -> tuple[HistoryEntry, ...]:
    fake = bench.fake
    fleet, registry, here = await fake.cluster.fleet(()), await fake.registry.registry(), await fake.cluster.identity()
    known = Memories(fleet, registry, bench.journal.operations(), sightings, here, await fake.registry.identity())
    return history(replace(known, **memories), fake.environment.patterns)


def lines(past: Sequence[HistoryEntry]) -> list[tuple[str, str | None, str]]:
    """Kind, from and to, oldest first."""
    return [(one.kind.value, one.last.from_version, one.last.to_version) for one in reversed(past)]


def by_hand(bench: Bench, version: str) -> None:
    bench.fake.cluster.set_env(KEY, "MODEL_URI", f"models:/iris/{version}")
    bench.fake.cluster.roll_out(KEY)


async def test_somebody_elses_change_is_told_with_what_is_known(bench: Bench) -> None:
    bench.clock.at += 1000
    bench.fake.cluster.edit(KEY, lambda raw: raw["metadata"]["annotations"].update({"kubernetes.io/change-cause": "nightly build 7"}))
    by_hand(bench, "2")
    (one,) = await told(bench)
    operation = one
    assert (operation.kind, operation.actor, operation.reason, one.source) == (Kind.MOVE, "kubectl-set", "nightly build 7", "cluster")
    assert (operation.last.from_version, operation.last.to_version, operation.outcome) == ("1", "2", Outcome.DONE)
    assert (operation.started_at, operation.finished_at) == (bench.clock.at, bench.clock.at + 1.0)
    assert operation.message == "by no operation known here: the template was changed (revision 2)"


async def test_a_cause_of_ours_that_others_inherit_is_not_theirs(bench: Bench) -> None:
    await bench.promote("2", reason="more accurate")
    bench.clock.at += 5000
    by_hand(bench, "3")
    newest = (await told(bench))[0]
    assert (newest.last.to_version, newest.reason) == ("3", "")


async def test_right_after_ours_in_the_same_second_it_is_still_known_who_it_was(bench: Bench) -> None:
    """Kubernetes keeps whole seconds."""
    await bench.promote("2")
    owners = bench.fake.cluster.deployments[KEY]["metadata"]["owners"]
    second = float(int(bench.clock.at))
    list(bench.fake.cluster.sets.values())[-1]["created"] = second
    owners[:] = [(manager, verb, second, *rest) for manager, verb, _, *rest in owners]
    by_hand(bench, "3")
    newest, *_ = await told(bench)
    assert newest.actor == "kubectl-set"


async def test_a_rollout_of_others_that_goes_on_is_under_way(bench: Bench) -> None:
    bench.fake.cluster.frozen = True
    bench.fake.cluster.set_env(KEY, "MODEL_URI", "models:/iris/2")
    assert await told(bench) == ()  # its ReplicaSet is not there yet
    bench.fake.cluster.frozen = False
    bench.fake.cluster.stuck.add("models:/iris/2")
    bench.fake.cluster.roll_out(KEY)
    (one,) = await told(bench)
    assert (one.state, one.outcome, one.finished_at) == (State.RUNNING, None, None)


async def test_an_undo_with_kubectl_is_told_and_does_not_make_anybody_forget(bench: Bench) -> None:
    for version in ("2", "3"):
        await bench.promote(version)
        bench.clock.at += 5000
    bench.fake.cluster.undo_to(KEY, 2)
    assert [past.to_version for past in history_of(bench.fake.annotations())] == ["2"]
    expected = [("promote", "1", "2"), ("promote", "2", "3"), ("move", "3", "2")]
    assert lines(await told(bench)) == lines(await told(bench, journal=())) == expected
    newest = (await told(bench))[0]
    assert (newest.actor, newest.started_at) == ("kubectl", float(int(bench.clock.at)))
    assert "an earlier template came back" in newest.message


async def test_a_mark_that_an_undo_brought_back_is_of_long_ago(bench: Bench) -> None:
    first = await bench.promote("2")
    await bench.promote("3")
    mark = mark_text(OperationAnnotation(first.id, "promote", "ann@box", "iris", "1", "2"))
    for replica_set in bench.fake.cluster.sets.values():
        if HISTORY in replica_set["annotations"]:
            replica_set["annotations"][OPERATION] = mark
    bench.fake.cluster.undo_to(KEY, 2)
    bench.journal = MemoryJournal()
    assert OPERATION in bench.fake.annotations()
    assert all(one.state is State.ENDED for one in await told(bench))
    assert not (await bench.good_plan("3")).refused


async def test_what_is_not_known_of_a_return_is_between_what_was_before_and_behind(bench: Bench) -> None:
    clock = bench.clock
    clock.at += 1000
    by_hand(bench, "2")
    second = clock.at
    clock.at += 1000
    by_hand(bench, "1")
    clock.at += 1000
    by_hand(bench, "3")
    third = clock.at
    past = await told(bench)
    assert lines(past) == [("move", "1", "2"), ("move", "2", "1"), ("move", "1", "3")]
    assert (past[1].started_at, past[1].finished_at) == (second, third + 1.0)
    assert past[1].actor == ""


async def test_our_own_change_is_not_told_as_somebody_elses_while_it_goes_on(bench: Bench) -> None:
    seen: list[list[tuple[str, str | None, str]]] = []
    made = await bench.good_plan("2")

    async def look() -> None:
        seen.append(lines(await told(bench)))
        seen.append(lines(await told(bench, journal=())))

    pending: list[Any] = []
    bench.fake.traps.before("set_alias", lambda: pending.append(look()))
    await bench.run(made)
    for each in pending:
        await each
    assert seen == [[("promote", "1", "2")]] * 2


async def test_after_an_undone_promotion_nobody_else_is_said_to_have_gone_back(bench: Bench) -> None:
    bench.fake.cluster.broken.add("models:/iris/2")
    assert (await bench.promote("2")).outcome is Outcome.UNDONE
    for past in (await told(bench), await told(bench, journal=())):
        assert [(one.kind, one.outcome) for one in past] == [(Kind.PROMOTE, Outcome.UNDONE)]


async def test_a_pipeline_that_only_changes_something_else_moves_no_version(bench: Bench) -> None:
    await bench.promote("2")
    bench.clock.at += 500
    bench.fake.cluster.set_env(KEY, "LOG_LEVEL", "debug")
    bench.fake.cluster.roll_out(KEY)
    assert lines(await told(bench)) == [("promote", "1", "2")]


async def test_behind_an_alias_a_restart_by_others_may_have_moved_anything(bench_of: Any) -> None:
    bench: Bench = bench_of("models:/iris@champion")
    assert (await bench.promote("2")).outcome is Outcome.DONE
    bench.clock.at += 5000
    bench.fake.cluster.restart(KEY)
    bench.fake.cluster.roll_out(KEY)
    for past in (await told(bench), await told(bench, journal=())):
        assert lines(past) == [("promote", "1", "2"), ("move", "2", "")]
        assert "what it said then is not known" in past[0].message


async def test_an_operation_on_a_deployment_that_is_not_in_view_is_told_by_the_versions_tags(bench: Bench) -> None:
    await bench.promote("2", reason="elsewhere")
    bench.journal = MemoryJournal()
    for fleet in (None, replace(await bench.fake.cluster.fleet(()), deployments=(), replica_sets=())):
        (one,) = await told(bench, fleet=fleet)
        assert (one.source, one.last.key, one.reason) == ("tags", KEY, "elsewhere")


async def test_without_anybody_to_ask_the_journal_still_tells(bench: Bench) -> None:
    await bench.promote("2")
    (one,) = await told(bench, fleet=None, registry=None)
    assert (one.source, one.outcome) == ("journal", Outcome.DONE)


async def test_an_alias_that_others_moved_is_told_with_the_deployments_that_serve_its_model(bench: Bench) -> None:
    operation = await bench.promote("2")
    at = operation.finished_at or 0.0
    ours = AliasChange(AliasMove("iris", "champion", "1", "2"), at - 20, at)
    theirs = AliasChange(AliasMove("iris", "champion", "2", "3"), at + 1000, at + 1005)
    gone = AliasChange(AliasMove("iris", "best", "1", None), at + 2000, at + 2005)
    past = await told(bench, gone, theirs, ours)
    assert lines(past) == [("promote", "1", "2"), ("move", "2", "3"), ("move", "1", "")]
    told_of = past[1]
    assert (told_of.source, told_of.actor, told_of.last.alias) == ("registry", "", "champion")
    assert (told_of.started_at, told_of.finished_at) == (at + 1000, at + 1005)
    assert told_of.message.startswith("by no operation known here: champion was at 2 at 20")
    assert told_of.is_about("iris")
    assert told_of.is_about(KEY)
    assert not told_of.is_about("serving/wine")
    # The version's tags explain ours where nothing else is left.
    assert lines(await told(bench, ours, theirs, gone, journal=(), fleet=None)) == lines(past)


actions = st.lists(
    st.sampled_from([f"{verb} {n}" for verb in ("promote", "by hand") for n in "123"] + ["broken 2", "broken 3", "rollback", "log"]),
    max_size=9,
)


@settings(max_examples=60, deadline=None)
# A ReplicaSet that names one operation has revisions of others, too: earlier ones, and ways back.
@example(actions=["promote 3", "promote 2", "promote 3", "broken 2", "promote 1"], pauses=[2.5] * 9)
@example(actions=["promote 2", "promote 1", "promote 3", "promote 1", "broken 3", "broken 3"], pauses=[2.5] * 9)
# Its own set has been given another cause, and one that somebody else made later has inherited it.
@example(actions=["promote 3", "by hand 2", "broken 3", "log", "by hand 3"], pauses=[2.5] * 9)
@given(actions=actions, pauses=st.lists(st.sampled_from([2.5, 200.0, 4000.0]), min_size=9, max_size=9))
async def test_whatever_happened_each_move_is_told_once_in_its_order(actions: list[str], pauses: list[float]) -> None:
    bench = Bench(fake_clients(), MemoryJournal())
    expected: list[tuple[str, str | None, str]] = []
    now, served, returned = "1", {"1"}, False
    for number, (action, pause) in enumerate(zip(actions, pauses, strict=False)):
        # What is done within two seconds may not be told apart by anybody: Kubernetes' times have no fractions.
        bench.clock.at += pause
        verb, version = action.rstrip(" 123"), action[-1:]
        if action == "log":
            bench.fake.cluster.set_env(KEY, "LOG_LEVEL", str(number))
            bench.fake.cluster.roll_out(KEY)
        elif verb == "by hand":
            by_hand(bench, version)
            if version != now:
                expected.append(("move", now, version))
                returned |= version in served
                now = version
        elif version == now:
            continue  # only the alias would move: of a template that came back, nobody knows whether that was before or after
        elif verb == "broken":
            bench.fake.cluster.broken.add(f"models:/iris/{version}")
            assert (await bench.promote(version)).outcome is Outcome.UNDONE
            bench.fake.cluster.broken.clear()
            expected.append(("promote", now, version))
        else:
            made = await (bench.plan(None, kind=Kind.ROLLBACK) if verb == "rollback" else bench.plan(version))
            if getattr(made, "code", None):
                continue
            ended = await bench.run(made)  # type: ignore[arg-type]
            if ended.outcome is Outcome.DONE:
                expected.append((made.intent.kind.value, now, made.last.to_version))  # type: ignore[union-attr]
                now = made.last.to_version  # type: ignore[union-attr]
        served.add(now)
    with_journal = await told(bench)
    begun = [one for one in with_journal if one.outcome is not Outcome.NOTHING_TO_DO]
    for found in (lines(begun), lines(await told(bench, journal=()))):
        # When a template came back by hand, and which of several equal moves that was, Kubernetes may not tell.
        assert found == expected if not returned else sorted(found) == sorted(expected)
    times = [one.finished_at or one.started_at for one in with_journal]
    assert times == sorted(times, reverse=True)


class Watched:
    """Consoles that look at the alias again and again while a bench is at work."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.sightings = bench, list[AliasChange]()
        self.last, self.at = self._now(), bench.clock.at

    def _now(self) -> str | None:
        return self.bench.fake.registry.aliases["iris"].get("champion")

    def look(self) -> None:
        now, at = self._now(), self.bench.clock.at
        if now != self.last:
            self.sightings.append(AliasChange(AliasMove("iris", "champion", self.last, now), self.at, at))
        self.last, self.at = now, at


async def test_quick_promotions_back_and_forth_are_nobody_elses(bench: Bench) -> None:
    watched = Watched(bench)
    for version in ("2", "1", "2", "1", "3", "1"):
        watched.look()
        assert (await bench.promote(version)).outcome is Outcome.DONE
        watched.look()
        bench.clock.at += 1.0
    assert len(watched.sightings) == 6
    for memories in ({}, {"journal": ()}):
        past = await told(bench, *watched.sightings, **memories)
        assert [one.kind for one in past] == [Kind.PROMOTE] * 6
    bench.fake.registry.aliases["iris"]["champion"] = "2"
    watched.look()
    (newest, *_) = await told(bench, *watched.sightings)
    assert (newest.kind, newest.last.from_version, newest.last.to_version) == (Kind.MOVE, "1", "2")


async def test_beyond_what_a_deployment_remembers_nobody_is_accused(bench: Bench) -> None:
    """A colleague's operations: their journal is not here."""
    for number in range(14):
        await bench.promote("2" if number % 2 == 0 else "1")
        bench.clock.at += 300.0
    past = await told(bench, journal=())
    moves = [one for one in past if one.kind is Kind.MOVE]
    assert [one.last.to_version for one in past if one.kind is Kind.PROMOTE] == [*["1", "2"] * 5, "1"]
    assert [one.kind for one in past[:11]] == [Kind.PROMOTE] * 11
    assert all(one.message.startswith("by whom is not known, as a deployment remembers its last 10 operations") for one in moves)
    assert [one.kind for one in await told(bench)] == [Kind.PROMOTE] * 14


async def test_a_change_cause_names_an_operation_that_nothing_else_tells_of(bench: Bench) -> None:
    operation = await bench.promote("2", reason="more accurate")
    bench.fake.cluster.edit(KEY, lambda raw: raw["metadata"]["annotations"].pop(HISTORY))
    for each in bench.fake.cluster.sets.values():
        each["annotations"].pop(HISTORY, None)
    bench.clock.at += 5000
    by_hand(bench, "3")
    newest, first = await told(bench, journal=(), registry=None)
    assert (newest.kind, newest.last.to_version, newest.reason) == (Kind.MOVE, "3", "")
    found = first
    assert (found.id, found.kind, found.actor, found.reason) == (operation.id, Kind.PROMOTE, "ann@box", "more accurate")
    assert (found.state, found.outcome, found.message) == (State.ENDED, None, "as the change cause tells; how it ended is not known")


async def test_what_was_written_by_modeldeck_is_of_an_operation_that_is_not_known_here(bench: Bench) -> None:
    """It was cut off right after its patch, on another machine, and somebody has taken its mark off."""
    await bench.promote("2")
    sets = list(bench.fake.cluster.sets.values())
    for told_of in (bench.fake.annotations(), *(each["annotations"] for each in sets)):
        told_of.pop(HISTORY, None)
        told_of.pop("kubernetes.io/change-cause", None)
    owners = bench.fake.cluster.deployments[KEY]["metadata"]["owners"]
    owners[:] = [(manager, verb, sets[-1]["created"], *rest) for manager, verb, _, *rest in owners]
    (one,) = await told(bench, journal=(), registry=None)
    assert (one.kind, one.actor) == (Kind.MOVE, "")
    assert one.message == "by an operation of modeldeck that is not known here: the template was changed (revision 2)"


async def test_a_restart_by_an_operation_behind_a_shared_alias_is_its_own(bench_of: Any) -> None:
    """The other Deployment's operation had moved the alias already: this one only starts its pods anew."""
    bench: Bench = bench_of("models:/iris@champion")
    bench.fake.cluster.add("serving", "staging", deepcopy(bench.fake.template()["spec"]["containers"]))
    watched = Watched(bench)
    for number, version in enumerate(("1", "2", "1")):
        for name in ("iris", "staging"):
            made = await plan(
                Intent(Kind.PROMOTE, "serving", name, "iris", version, actor="ann@box"), bench.fake.clients, bench.journal, bench.fake.clock
            )
            assert isinstance(made, Plan), number
            if made.steps:
                assert (await bench.run(made)).outcome is Outcome.DONE
            bench.clock.at += 40.0
            watched.look()
    for memories in ({}, {"journal": ()}):
        past = await told(bench, *watched.sightings, **memories)
        assert {one.kind for one in past} == {Kind.PROMOTE}
        assert sum(one.last.deployment == "staging" for one in past) >= 2


async def test_operations_of_a_cluster_that_is_gone_are_not_this_ones(bench: Bench) -> None:
    """Tomorrow the same environment, names and addresses are another cluster, with a registry of its own."""
    bench.fake.registry.id = "the first"
    assert (await bench.promote("2")).outcome is Outcome.DONE
    tomorrow = Bench(fake_clients(), bench.journal)
    tomorrow.clock.at = bench.clock.at + 60.0
    tomorrow.fake.cluster.id = ClusterId("uid of another kube-system", bench.fake.cluster.id.address)
    tomorrow.fake.cluster.deployments[KEY]["metadata"]["uid"] = "uid-another"
    tomorrow.fake.registry.id = "the second"
    assert await told(tomorrow) == ()
    by_others = AliasChange(AliasMove("iris", "champion", "1", "2"), bench.clock.at - 30.0, bench.clock.at)
    assert lines(await told(tomorrow, by_others)) == [("move", "1", "2")]
    assert lines(await told(bench, by_others)) == [("promote", "1", "2")]
    ours = await tomorrow.promote("3")
    (only,) = await told(tomorrow)
    assert only.id == ours.id
    assert only.is_about(KEY)


async def test_clusters_that_share_a_registry_share_its_alias_and_nothing_else(bench: Bench) -> None:
    other = Bench(fake_clients(clock=bench.fake.clock), MemoryJournal())
    other.fake.registry = bench.fake.registry
    other.fake.cluster.id = ClusterId("uid of another kube-system", "there")
    other.fake.cluster.deployments[KEY]["metadata"]["uid"] = "uid-another"
    operation = await bench.promote("2")
    at = operation.finished_at or 0.0
    moved = AliasChange(AliasMove("iris", "champion", "1", "2"), at - 20.0, at)
    (there,) = await told(other, moved)  # by the tags of the version
    assert (there.id, there.source, there.elsewhere) == (operation.id, "tags", frozenset({KEY}))
    assert there.is_about("iris")
    assert not there.is_about(KEY)
    other.journal = bench.journal
    assert await told(other, moved) == (there,)


async def test_a_deployment_that_was_made_anew_has_no_past_of_the_one_before(bench: Bench) -> None:
    operation = await bench.promote("2")
    bench.fake.cluster.deployments[KEY]["metadata"]["uid"] = "uid-made-anew"
    past = next(one for one in await told(bench) if one.id == operation.id)
    assert past.elsewhere == {KEY}
    assert not past.is_about(KEY)
    assert past.last.model == "iris"


async def test_when_others_changed_it_is_told_as_far_as_it_is_known(bench: Bench) -> None:
    clock = bench.clock
    for version in ("2", "1", "3"):
        clock.at += 1000
        by_hand(bench, version)
    newest, returned, first = await told(bench)
    between = f"between {iso(clock.at - 2000)} and {iso(clock.at + 1.0)}"
    assert returned.message == f"by no operation known here: an earlier template came back; {between} (revision 3)"
    assert [one.message.partition(": ")[2] for one in (first, newest)] == [
        "the template was changed (revision 2)",
        "the template was changed (revision 4)",
    ]
