"""What verdicts come to together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.gates import CriterionResult, GateVerdict, Judgement, combine, judgement
from modeldeck.domain.gates.judgement import Trouble
from tests.domain.gates.examples import RESULTS, VERDICTS

PASS, FAIL, INSUFFICIENT, ERROR = GateVerdict.PASS, GateVerdict.FAIL, GateVerdict.INSUFFICIENT, GateVerdict.ERROR


@pytest.mark.parametrize(
    ("verdicts", "together"),
    [
        ((PASS, PASS), PASS),
        ((PASS, INSUFFICIENT), INSUFFICIENT),
        ((INSUFFICIENT, ERROR, PASS), ERROR),
        ((ERROR, PASS, FAIL, INSUFFICIENT), FAIL),
        ((), INSUFFICIENT),
    ],
)
def test_the_rule(verdicts: tuple[GateVerdict, ...], together: GateVerdict) -> None:
    assert combine(verdicts) is together


@given(st.lists(VERDICTS, min_size=1), st.randoms())
def test_order_and_repetition_do_not_matter(verdicts: list[GateVerdict], random: st.DataObject) -> None:
    shuffled = [*verdicts, *verdicts]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert combine(shuffled) is combine(verdicts)


@given(st.lists(VERDICTS))
def test_only_all_pass_is_a_pass(verdicts: list[GateVerdict]) -> None:
    assert (combine(verdicts) is PASS) == (bool(verdicts) and set(verdicts) == {PASS})


@given(st.lists(RESULTS, max_size=4))
def test_partial_data_never_passes(results: list[CriterionResult]) -> None:
    together = judgement(results, at=0.0, elapsed=0.0)
    for before, after in zip(results, together.criteria, strict=True):
        assert after.verdict is not PASS or not after.warnings
        assert after.verdict is before.verdict or (before.verdict, after.verdict) == (PASS, INSUFFICIENT)
    assert together.verdict is not PASS or all(not result.warnings for result in together.criteria)


def test_the_words_are_those_of_what_decides() -> None:
    results = (
        CriterionResult("errors", FAIL, "8 % of 100 requests, wanted ≤ 5 %"),
        CriterionResult("p99", INSUFFICIENT, "no observation"),
    )
    assert judgement(results, at=1.0, elapsed=2.0).message == "errors: 8 % of 100 requests, wanted ≤ 5 %"
    assert judgement(results[1:], at=1.0, elapsed=2.0).message == "p99: no observation"
    assert judgement((), at=1.0, elapsed=2.0).message == "nothing was judged"
    assert judgement([CriterionResult("p99", PASS)], at=1.0, elapsed=2.0).message == "all 1 criteria pass"


def test_partial_data_is_told_by_the_first_warning() -> None:
    (found,) = judgement([CriterionResult("p99", PASS, "40 ms", warnings=("no store", "slow"))], at=0.0, elapsed=0.0).criteria
    assert (found.verdict, found.trouble, found.message) == (INSUFFICIENT, Trouble.PARTIAL, "partial data: no store")


def test_a_judgement_has_looked_back_for_no_time_unless_it_says_so() -> None:
    assert judgement((), at=1.0, elapsed=2.0) == Judgement(1.0, 2.0, INSUFFICIENT, message="nothing was judged")
    assert (Judgement(1.0, 2.0, PASS).window, judgement((), at=1.0, elapsed=2.0).window) == (0.0, 0.0)
    assert judgement((), at=1.0, elapsed=2.0, requests=5, window=30.0).window == 30.0


def test_what_decides_is_told_once_and_only_where_it_has_words() -> None:
    results = [
        CriterionResult("a", FAIL, "bad"),
        CriterionResult("a", FAIL, "bad"),
        CriterionResult("b", FAIL),
        CriterionResult("c", FAIL, "worse"),
    ]
    assert judgement(results, at=0.0, elapsed=0.0).message == "a: bad; c: worse"


@pytest.mark.parametrize("trouble", Trouble)
def test_only_what_a_person_has_to_mend_is_an_error(trouble: Trouble) -> None:
    assert trouble.verdict is (ERROR if trouble.value in ("several series", "rejected", "unreachable") else INSUFFICIENT)
