"""Where a roll-back goes: what really served, never toggling, from whichever memory is left."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from modeldeck.domain.failures import Unreachable
from modeldeck.domain.metrics.pod_labels import quoted
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Outcome
from modeldeck.domain.operations.plan import Refusal
from modeldeck.domain.operations.rollback_target import RollbackTarget
from modeldeck.operations.planning.rollback_candidates import rollback_targets
from modeldeck.operations.service import targets_of
from tests.operations.conftest import Bench
from tests.support.fakes.clients import fake_clients
from tests.support.fakes.journals import MemoryJournal


async def targets(bench: Bench) -> tuple[RollbackTarget, ...]:
    return await targets_of("serving", "iris", bench.fake.clients, bench.journal, bench.fake.clock)


def default(found: tuple[RollbackTarget, ...]) -> str | None:
    return next((target.version for target in found if target.is_default), None)


def by_hand(bench: Bench, version: str) -> None:
    bench.fake.cluster.set_env("serving/iris", "MODEL_URI", f"models:/iris/{version}")
    bench.fake.cluster.roll_out("serving/iris")


async def test_the_second_rollback_goes_further_back(bench: Bench) -> None:
    await bench.promote("2")
    await bench.promote("3")
    first = await bench.roll_back()
    assert (first.last.to_version, first.outcome) == ("2", Outcome.DONE)
    second = await bench.roll_back()
    assert (second.last.to_version, second.outcome) == ("1", Outcome.DONE)
    third = await bench.plan(None, kind=second.kind)
    assert isinstance(third, Refusal)
    assert third.code == "no_target"
    assert {target.version for target in await targets(bench) if target.rolled_back} == {"2", "3"}


async def test_never_simply_one_less(bench: Bench) -> None:
    await bench.promote("3")
    await bench.promote("2")
    assert (await bench.roll_back()).last.to_version == "3"


async def test_a_version_that_never_served_is_no_candidate(bench: Bench) -> None:
    bench.fake.cluster.broken.add("models:/iris/2")
    assert (await bench.promote("2")).outcome is Outcome.UNDONE
    await bench.promote("3")
    assert [target.version for target in await targets(bench)] == ["1"]


async def test_a_version_promoted_by_hand_is_a_candidate(bench: Bench) -> None:
    by_hand(bench, "2")
    by_hand(bench, "3")
    found = await targets(bench)
    assert default(found) == "2"
    assert {target.version: target.sources for target in found} == {"2": ("replica sets",), "1": ("replica sets",)}


async def test_kubectl_rollout_undo_is_understood_as_a_rollback(bench: Bench) -> None:
    by_hand(bench, "2")
    by_hand(bench, "3")
    bench.fake.cluster.undo_to("serving/iris", 2)
    found = await targets(bench)
    assert default(found) == "1"
    assert [target.version for target in found if target.rolled_back] == ["3"]


async def test_a_colleague_without_the_journal_sees_the_same(bench: Bench) -> None:
    await bench.promote("2")
    await bench.promote("3")
    await bench.roll_back()
    mine = await targets(bench)
    bench.journal = MemoryJournal()
    theirs = await targets(bench)
    assert [(t.version, t.is_default, t.rolled_back) for t in theirs] == [(t.version, t.is_default, t.rolled_back) for t in mine]
    assert default(theirs) == "1"
    assert "annotations" in theirs[0].sources


async def test_a_promotion_makes_a_rolled_back_version_good_again(bench: Bench) -> None:
    await bench.promote("2")
    await bench.roll_back()
    await bench.promote("2")
    await bench.promote("3")
    assert default(await targets(bench)) == "2"


async def test_one_that_others_promote_again_is_good_again(bench: Bench) -> None:
    await bench.promote("2")
    await bench.roll_back()
    bench.clock.at += 5000
    by_hand(bench, "2")
    assert default(await targets(bench)) == "1"
    bench.clock.at += 5000
    await bench.promote("3")
    for journal in (bench.journal, MemoryJournal()):
        bench.journal = journal
        found = await targets(bench)
        assert default(found) == "2"
        assert not any(target.rolled_back for target in found)


async def test_a_rollback_further_back_leaves_everything_between_behind(bench: Bench) -> None:
    await bench.promote("2")
    await bench.promote("3")
    await bench.roll_back("1")
    refused = await bench.plan(None, kind=Kind.ROLLBACK)
    assert isinstance(refused, Refusal)
    assert refused.code == "no_target"
    assert (await bench.good_plan("2", kind=Kind.ROLLBACK)).last.to_version == "2"


async def test_rolled_back_by_others_it_is_not_gone_back_to(bench: Bench) -> None:
    await bench.promote("2")
    bench.clock.at += 5000
    bench.fake.cluster.undo_to("serving/iris", 1)
    (found,) = await targets(bench)
    assert (found.version, found.rolled_back, found.is_default) == ("2", True, False)
    assert found.ended_why == "went back to 1 outside of modeldeck (kubectl)"
    assert found.served_until == float(int(bench.clock.at)) + 1.0


async def test_what_others_replaced_tells_by_whom_and_why(bench: Bench) -> None:
    bench.clock.at += 500
    cause = {"kubernetes.io/change-cause": "nightly"}
    bench.fake.cluster.edit("serving/iris", lambda raw: raw["metadata"]["annotations"].update(cause))
    by_hand(bench, "2")
    (found,) = await targets(bench)
    assert (found.ended_why, found.served_until) == ("replaced by 2 outside of modeldeck (kubectl-set): nightly", bench.clock.at + 1.0)
    assert found.served_from == bench.clock.at - 499


async def test_what_served_in_another_clusters_deployment_of_the_same_name_is_no_candidate(bench: Bench) -> None:
    """Both clusters share the registry, and with it the tags."""
    elsewhere = Bench(fake_clients(), MemoryJournal())
    elsewhere.fake.cluster.deployments["serving/iris"]["metadata"]["uid"] = "uid-elsewhere"
    elsewhere.fake.registry = bench.fake.registry
    await elsewhere.promote("3")
    bench.fake.registry.aliases["iris"]["champion"] = "1"
    await bench.promote("2")
    bench.journal = MemoryJournal()
    assert [target.version for target in await targets(bench)] == ["1"]


async def test_the_evidence_tells_when_and_why(bench: Bench) -> None:
    await bench.promote("2")
    bench.clock.at += 3600
    await bench.promote("3", reason="more accurate")
    found = next(target for target in await targets(bench) if target.version == "2")
    assert found.served_from is not None
    assert found.served_until is not None
    assert 3600 <= found.served_until - found.served_from < 3700
    assert found.ended_why == "replaced by 3 by ann@box: more accurate"


async def test_each_tells_how_it_behaved_while_it_served(bench: Bench) -> None:
    await bench.promote("2")
    left_at = bench.clock.at
    bench.clock.at += 600
    bench.fake.measured = True
    bench.fake.metrics.answer = lambda promql: 0.041 if "quantile" in promql else 0.5 if 'status=~"5.."' in promql else 10.0
    (found,) = await targets(bench)
    assert found.stats_words == "p99 41 ms, errors 5.0%, 10.0 requests/s"
    (replica_set,) = [name for name, raw in bench.fake.cluster.sets.items() if "models:/iris/1" in str(raw["template"])]
    pods = quoted(re.escape(replica_set) + "-[a-z0-9]{5}")
    figures = [(promql, at) for promql, at in bench.fake.metrics.asked if not promql.startswith("count by (__name__")]
    assert all(f"pod=~{pods}" in promql and at is not None and at <= left_at for promql, at in figures)


async def test_figures_that_cannot_be_had_are_left_out(bench: Bench) -> None:
    await bench.promote("2")
    bench.fake.traps.fail("exports", Unreachable("refused"), times=9)
    (found,) = await targets(bench)
    assert found.stats_words == ""
    assert found.is_default


moves = st.lists(st.sampled_from(["promote 1", "promote 2", "promote 3", "rollback", "by hand 1", "by hand 2", "by hand 3"]), max_size=7)


@settings(max_examples=40, deadline=None)
@given(moves=moves)
async def test_whatever_happened_a_rollback_leaves_for_a_version_that_served(moves: list[str]) -> None:
    bench = Bench(fake_clients(), MemoryJournal())
    served = ["1"]
    for move in moves:
        verb, _, version = move.rpartition(" ")
        if verb == "by hand":
            by_hand(bench, version)
        elif verb == "promote":
            await bench.promote(version)
        else:
            made = await bench.plan(None, kind=Kind.ROLLBACK)
            if isinstance(made, Refusal):
                continue
            assert made.last.to_version in served
            assert made.last.to_version != served[-1]
            version = made.last.to_version
            assert (await bench.run(made)).outcome is Outcome.DONE
        if version != served[-1]:
            served.append(version)
    assert bench.fake.env() == f"models:/iris/{served[-1]}"


async def test_what_was_measured_counts_unless_it_is_known_to_have_been_only_tried(bench: Bench) -> None:
    """Pods of a version that was undone may have exported their version, too."""
    bench.fake.cluster.broken.add("models:/iris/2")
    assert (await bench.promote("2")).outcome is Outcome.UNDONE
    fake = bench.fake
    deployment, fleet, registry = (
        await fake.cluster.deployment("serving", "iris"),
        await fake.cluster.fleet(()),
        await fake.registry.registry(),
    )
    measured = {"1": (5.0, 9.0), "2": (1.0, 2.0), "3": (1.0, 3.0), "77": (1.0, 4.0)}
    past = bench.journal.operations()
    found = rollback_targets(deployment, fleet, past, registry, "1", fake.environment.patterns, "iris", measured)
    assert [(target.version, target.served_until, target.sources, target.is_default) for target in found] == [
        ("3", 3.0, ("metrics",), True)
    ]


async def test_what_served_in_other_deployments_is_no_candidate(bench: Bench) -> None:
    for name in ("another", "zebra"):
        env = [{"name": "MODEL_URI", "value": "models:/iris/2"}]
        bench.fake.cluster.add("serving", name, [{"name": "server", "image": "modeldeck/model-server:1", "env": env}])
        bench.fake.cluster.set_env(f"serving/{name}", "MODEL_URI", "models:/iris/3")
        bench.fake.cluster.roll_out(f"serving/{name}")
    assert await targets(bench) == ()
