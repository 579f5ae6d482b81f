"""What the checks of lock and gate say: whether the operation may begin, and whether it can be judged."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.failures import Failure, Forbidden, TimedOut, Unreachable
from modeldeck.domain.gates import Gate, Op, QueryCriterion
from modeldeck.domain.kubernetes.leases import LOCK, Lease, LockNote, note_text
from modeldeck.domain.kubernetes.workloads import Access
from modeldeck.domain.operations.checks import Check, CheckName, Verdict
from modeldeck.domain.operations.plan import Plan
from modeldeck.operations.common.liveness import birth
from modeldeck.operations.common.text import host
from modeldeck.operations.planning import checks
from tests.operations.conftest import Bench
from tests.support.processes import gone_pid

OK, WARN, REFUSE, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.REFUSE, Verdict.UNKNOWN


def told(check: Check) -> tuple[Verdict, str, str]:
    return check.verdict, check.message, check.hint


HELD = (REFUSE, "locked by bob@box (op)", "wait for it, or cancel it where it is yours")


async def lock(bench: Bench, *, age: float = 0.0, holder: str = "bob@box", **note: Any) -> Check:
    """Held by somebody since `age` seconds."""
    at = bench.fake.clock.now() - age
    text = note_text(LockNote("op", "bob@box", **note))
    await bench.fake.cluster.write_lease(Lease("serving", "modeldeck-iris", holder, 15.0, at, at, annotations={LOCK: text}))
    return await checks.lock(await bench.subject(), bench.fake.clients, bench.fake.clock.now())


@pytest.mark.parametrize(
    ("age", "note", "expected"),
    [
        (1.0, {}, HELD),
        (60.0, {}, (WARN, "locked by bob@box (op), which has not renewed it", "it is watched for a while, then taken over")),
        (1.0, {"host": host(), "pid": gone_pid(), "birth": "gone"}, (OK, "free", "")),
        (1.0, {"host": host(), "pid": gone_pid()}, HELD),
        (1.0, {"host": host(), "pid": 1, "birth": birth(1)}, HELD),
    ],
)
async def test_who_has_the_lock(bench: Bench, age: float, note: dict[str, Any], expected: tuple[Verdict, str, str]) -> None:
    assert told(await lock(bench, age=age, **note)) == expected


async def test_a_lock_that_nobody_holds_is_free(bench: Bench) -> None:
    assert told(await checks.lock(await bench.subject(), bench.fake.clients, 0.0)) == (OK, "free", "")
    assert told(await lock(bench, holder="")) == (OK, "free", "")


async def test_leases_that_may_not_be_made_leave_the_mark_alone(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    async def access(verb: str, resource: str, namespace: str, *, name: str = "", group: str = "") -> Access:
        asked.append((verb, resource, namespace, group))
        return Access(verb, resource, namespace, False, "no role")

    monkeypatch.setattr(bench.fake.cluster, "access", access)
    assert told(await checks.lock(await bench.subject(), bench.fake.clients, 0.0)) == (
        *(WARN, "leases may not be created here: the mark is the only sign for others"),
        "no role",
    )
    assert asked == [("create", "leases", "serving", "coordination.k8s.io")]


@pytest.mark.parametrize("failure", [Unreachable("refused", hint="look"), TimedOut("late", hint="wait")])
async def test_a_lock_that_cannot_be_read_is_not_known(bench: Bench, failure: Failure) -> None:
    bench.fake.traps.fail("lease", failure)
    assert told(await checks.lock(await bench.subject(), bench.fake.clients, 0.0)) == (UNKNOWN, failure.message, failure.hint)


async def test_a_gate_that_was_waived_says_why(bench: Bench) -> None:
    made = await bench.plan("2", ungated=True, reason="the metrics are down")
    assert isinstance(made, Plan)
    (found,) = (check for check in made.checks if check.name == "gate")
    assert told(found) == (WARN, "no gate, as asked: the metrics are down", "whether it behaves is for you to watch")


async def test_where_no_pod_changes_there_is_nothing_to_judge(bench: Bench) -> None:
    bench.fake.registry.aliases["iris"]["champion"] = "3"
    made = await bench.good_plan("1")
    (found,) = (check for check in made.checks if check.name == "gate")
    assert told(found) == (OK, "no pod changes: there is nothing to judge", "")


async def test_the_gate_is_tried_on_the_pods_that_serve_now(bench: Bench) -> None:
    bench.fake.measured = True
    made = await bench.plan("2")
    assert isinstance(made, Plan)
    (found,) = (check for check in made.checks if check.name == "gate")
    assert found.verdict is WARN
    assert "it will end INSUFFICIENT as things are" in found.message
    own = [name for name, one in bench.fake.cluster.sets.items() if one["owner"] == "serving/iris"]
    assert made.last.serving_sets == tuple(own)
    asked = [promql for promql, _ in bench.fake.metrics.asked]
    assert any(f"{own[0]}-" in promql for promql in asked)


async def test_metrics_that_do_not_answer_in_time_leave_the_gate_unknown(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_METRICS_PATIENCE", 0.0)
    bench.fake.measured = True
    made = await bench.good_plan("2")
    (found,) = (check for check in made.checks if check.name is CheckName.GATE)
    assert (found.verdict, found.hint) == (Verdict.UNKNOWN, "it holds for a person where Prometheus stays away")


async def test_a_query_of_ones_own_is_tried_on_the_version_that_serves_now(bench: Bench) -> None:
    criterion = QueryCriterion("mine", 'mine{d="{deployment}",m="{model}",v="{version}"}', Op.AT_MOST, 1)
    bench.fake.measured = True
    bench.fake.environment = replace(bench.fake.environment, gate=Gate(criteria=(criterion,)))
    await bench.plan("2")
    assert 'mine{d="iris",m="iris",v="1"}' in [promql for promql, _ in bench.fake.metrics.asked]


async def test_leases_that_are_forbidden_say_so(bench: Bench) -> None:
    bench.fake.traps.fail("lease", Forbidden("leases are forbidden"))
    found = await checks.lock(await bench.subject(), bench.fake.clients, 0.0)
    assert (found.verdict, "(leases are forbidden)" in found.message) == (WARN, True)
