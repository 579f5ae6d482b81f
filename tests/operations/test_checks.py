"""What cannot be asked is not known: it refuses nothing, and says so."""

from __future__ import annotations

import pytest

from tests.operations.conftest import Bench
from tui.domain.failures import Failure, Forbidden, TimedOut
from tui.domain.promotions import Check, Plan, Verdict
from tui.domain.serving import Access


def check(plan: Plan, name: str) -> Check:
    return next(check for check in plan.checks if check.name == name)


@pytest.mark.parametrize("failure", [TimedOut("no answer in 10 s"), Forbidden("reviews are forbidden", hint="ask for a role")])
async def test_a_review_that_cannot_be_made(bench: Bench, failure: Failure) -> None:
    bench.fake.traps.fail("access", failure)
    found = check(await bench.good_plan("2"), "permission to patch")
    assert (found.verdict, found.words, found.hint) == (Verdict.UNKNOWN, failure.words, failure.hint)


@pytest.mark.parametrize(("why", "words"), [("webhook down", "webhook down"), ("", "the access review failed")])
async def test_a_review_that_fails_is_told_in_its_own_words(bench: Bench, why: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def access(verb: str, resource: str, namespace: str, **_: str) -> Access:
        return Access(verb, resource, namespace, None, why)

    monkeypatch.setattr(bench.fake.cluster, "access", access)
    found = check(await bench.good_plan("2"), "permission to patch")
    assert (found.verdict, found.words) == (Verdict.UNKNOWN, words)
