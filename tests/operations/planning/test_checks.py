"""What cannot be asked is not known: it refuses nothing, and says so."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import pytest

from modeldeck.domain.failures import Conflict, Failure, Forbidden, NotFound, Rejected, TimedOut
from modeldeck.domain.kubernetes.workloads import Access
from modeldeck.domain.operations.checks import Check, Verdict
from modeldeck.domain.operations.plan import Plan
from tests.operations.conftest import Bench


def check(plan: Plan, name: str) -> Check:
    return next(check for check in plan.checks if check.name == name)


@pytest.mark.parametrize("failure", [TimedOut("no answer in 10 s"), Forbidden("reviews are forbidden", hint="ask for a role")])
async def test_a_review_that_cannot_be_made(bench: Bench, failure: Failure) -> None:
    bench.fake.traps.fail("access", failure)
    found = check(await bench.good_plan("2"), "permission to patch")
    assert (found.verdict, found.message, found.hint) == (Verdict.UNKNOWN, failure.message, failure.hint)


@pytest.mark.parametrize(("why", "message"), [("webhook down", "webhook down"), ("", "the access review failed")])
async def test_a_review_that_fails_is_told_in_its_own_words(bench: Bench, why: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def access(verb: str, resource: str, namespace: str, **_: str) -> Access:
        return Access(verb, resource, namespace, None, why)

    monkeypatch.setattr(bench.fake.cluster, "access", access)
    found = check(await bench.good_plan("2"), "permission to patch")
    assert (found.verdict, found.message) == (Verdict.UNKNOWN, message)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("dry_run", "dry run"),
        ("autoscaled", "autoscaler"),
        ("lease", "lock"),
        ("artifacts_answer", "artifacts"),
        ("access_to", "alias"),
    ],
)
async def test_what_a_backend_does_not_answer_is_not_known(bench: Bench, call: str, name: str) -> None:
    bench.fake.traps.fail(call, TimedOut("no answer in 10 s"))
    assert check(await bench.good_plan("2"), name).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("call", "failure", "name", "message"),
    [
        ("dry_run", Forbidden("no"), "dry run", "the server forbids the patch: no"),
        ("dry_run", Rejected("bad"), "dry run", "the server rejects the patch: bad"),
        ("dry_run", Conflict("moved"), "dry run", "the server rejects the patch: moved"),
        ("artifacts_answer", NotFound("no such file"), "artifacts", "its artifacts are gone: no such file"),
    ],
)
async def test_what_a_backend_refuses_is_refused(bench: Bench, call: str, failure: Failure, name: str, message: str) -> None:
    bench.fake.traps.fail(call, failure)
    made = await bench.plan("2")
    assert isinstance(made, Plan)
    assert [(found.name, found.message) for found in made.refused] == [(name, message)]


async def test_leases_that_may_not_be_used_leave_the_mark_as_the_only_sign(bench: Bench) -> None:
    bench.fake.traps.fail("lease", Forbidden("leases are forbidden"))
    found = check(await bench.good_plan("2"), "lock")
    assert (found.verdict, found.message) == (
        Verdict.WARN,
        "leases may not be used here (leases are forbidden): the mark is the only sign for others",
    )


@pytest.mark.parametrize(
    ("scaled", "verdict", "message"),
    [
        (True, Verdict.WARN, "an autoscaler owns the replica count: it may change during the rollout"),
        (False, Verdict.OK, "no autoscaler"),
        (None, Verdict.UNKNOWN, "whether an autoscaler owns the replica count is not known"),
    ],
)
async def test_who_owns_the_replica_count(
    bench: Bench, scaled: bool | None, verdict: Verdict, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def autoscaled(namespace: str, name: str) -> bool | None:
        return scaled

    monkeypatch.setattr(bench.fake.cluster, "autoscaled", autoscaled)
    found = check(await bench.good_plan("2"), "autoscaler")
    assert (found.verdict, found.message) == (verdict, message)


async def test_other_deployments_are_named_up_to_three_and_the_rest_is_counted(bench: Bench) -> None:
    pods = bench.fake.template()["spec"]["containers"]
    for name in ("a", "b", "c", "d", "e"):
        bench.fake.cluster.add("serving", name, deepcopy(pods))
    found = check(await bench.good_plan("2"), "other deployments")
    assert found.message.startswith(
        "serving/a (1), serving/b (1), serving/c (1) and 2 more name other versions of iris: there, alias and template will differ"
    )


async def test_three_other_deployments_are_all_named(bench: Bench) -> None:
    pods = bench.fake.template()["spec"]["containers"]
    for name in ("a", "b", "c"):
        bench.fake.cluster.add("serving", name, deepcopy(pods))
    assert "more" not in check(await bench.good_plan("2"), "other deployments").message


async def test_where_other_deployments_cannot_be_read_nothing_is_said_of_them(bench: Bench) -> None:
    bench.fake.cluster.add("serving", "a", deepcopy(bench.fake.template()["spec"]["containers"]))
    bench.fake.traps.fail("unhandled", TimedOut("no answer"))
    bench.fake.traps.fail("fleet", TimedOut("no answer"))
    assert "other deployments" not in [found.name for found in (await bench.good_plan("2")).checks]


@pytest.mark.parametrize(("uri", "named"), [("models:/iris/latest", "the newest version"), ("models:/iris/Production", "stage Production")])
async def test_a_reference_that_moved_by_itself_is_told_to_stop_moving(bench_of: Callable[[str], Bench], uri: str, named: str) -> None:
    made = await bench_of(uri).plan("2")
    assert isinstance(made, Plan)
    found = check(made, "reference")
    assert found.message == f"the pods follow {named} of iris: from now on they name version 2, and no longer follow it"
    assert found.hint == "to follow a version that moves, name an alias: models:/iris@champion"
