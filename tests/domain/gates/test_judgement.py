"""What verdicts come to together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.gates.examples import RESULTS, VERDICTS
from tui.domain.gates import CriterionResult, GateVerdict, combine, judgement

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
    assert judgement(results, at=1.0, elapsed=2.0).words == "errors: 8 % of 100 requests, wanted ≤ 5 %"
    assert judgement(results[1:], at=1.0, elapsed=2.0).words == "p99: no observation"
    assert judgement((), at=1.0, elapsed=2.0).words == "nothing was judged"
    assert judgement([CriterionResult("p99", PASS)], at=1.0, elapsed=2.0).words == "all 1 criteria pass"
