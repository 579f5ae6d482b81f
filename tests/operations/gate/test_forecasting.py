"""What the plan says beforehand about its gate."""

from __future__ import annotations

import pytest

from modeldeck.domain.failures import Unreachable
from modeldeck.domain.gates import Gate, Op, QueryCriterion
from modeldeck.domain.operations.checks import Verdict
from modeldeck.operations.gate import GateTarget, forecast
from tests.support.history import NOW, SLOW, History

SET = "iris-5d4f8c7b9"
TODAY = GateTarget("serving", "iris", (SET,))


def clients(**more: object) -> History:
    history = History()
    history.fastapi(f"{SET}-abcde", **more)  # type: ignore[arg-type]
    return history


async def test_enough_to_judge_by() -> None:
    check = await forecast(Gate(), TODAY, clients(start=3700, rate=5.0), now=float(NOW))
    assert (check.name, check.verdict) == ("gate", Verdict.OK)
    assert check.message == (
        "at 5 requests a second it can tell an error ratio over 10 % after about 78 s, a rise of errors over 1 % and "
        "a p99 1.5 × as long after about 4 min; a smaller change needs more"
    )


@pytest.mark.parametrize("age", [900, 1800, 3700])
async def test_pods_younger_than_the_baseline_are_no_slower(age: int) -> None:
    check = await forecast(Gate(), TODAY, clients(start=age, rate=50.0), now=float(NOW))
    assert check.verdict is Verdict.OK
    assert check.message.startswith("at 50 requests a second it can tell an error ratio over 10 % ")


async def test_pods_that_were_scraped_all_the_time_and_asked_only_lately_are_slow() -> None:
    history = History()
    history.scraped(f"{SET}-abcde", 3700, 1000, lambda age: {})
    history.fastapi(f"{SET}-abcde", start=985, rate=36.0)
    assert "at 9.8 requests a second" in (await forecast(Gate(), TODAY, history, now=float(NOW))).message


async def test_how_late_it_would_see_a_collapse_is_told_where_two_looks_are_not_enough() -> None:
    """Half of the requests failing: with five a second it is seen at the first looks, where nobody wonders."""
    message = (await forecast(Gate(), TODAY, clients(start=3700, rate=0.5, errors=0.05), now=float(NOW))).message
    assert "; half of them failing it undoes for sure only after 6 looks (2 min)" in message
    assert "half of them failing" not in (await forecast(Gate(), TODAY, clients(start=3700, rate=5.0), now=float(NOW))).message
    hardly = await forecast(Gate(), TODAY, clients(start=3700, rate=0.002), now=float(NOW))
    assert "; half of them failing or 10 × as slow it would leave to a person" in hardly.message


async def test_how_late_it_would_see_a_slow_version_is_told_likewise() -> None:
    async def message(rate: float, **limits: float | None) -> str:
        return (await forecast(Gate(**limits), TODAY, clients(start=3700, rate=rate), now=float(NOW))).message  # type: ignore[arg-type]

    assert "; 10 × as slow it undoes for sure only after 5 looks (2 min)" in await message(0.5)
    assert "10 × as slow" not in await message(5.0)
    assert "10 × as slow" not in await message(0.5, max_p99_ratio=None)
    assert "10 × as slow" in await message(0.5, max_p99_ratio=None, max_p99=0.5)


AS_THINGS_ARE = "it will end INSUFFICIENT as things are: error ratio, error ratio vs before, p99 vs before: "


@pytest.mark.parametrize(
    ("history", "gate", "message", "hint"),
    [
        (
            clients(rate=0.02),
            Gate(),
            "at 0.02 requests a second it can tell nothing in its time; half of them failing it undoes for sure only after 116 looks "
            "(30 min); 10 × as slow it would leave to a person; within its 30 min it cannot tell an error ratio over 10 %",
            "more time",
        ),
        (
            clients(rate=0.1),
            Gate(),
            "within its 30 min it cannot tell a rise of errors over 1 % or a p99 1.5 × as long",
            "more time",
        ),
        (History(), Gate(), f"{AS_THINGS_ARE}these pods export no metrics", "scraped"),
        (clients(), Gate(max_drift=0.2), "drift: FastAPI instrumentator exports no histogram of predicted values here", "switch off"),
        (clients(latency=SLOW), Gate(max_p99=0.3), "the version that serves now fails it: p99: ", "bounds"),
    ],
)
async def test_what_will_not_do(history: History, gate: Gate, message: str, hint: str) -> None:
    check = await forecast(gate, TODAY, history, now=float(NOW))
    assert check.verdict is Verdict.WARN
    assert message in check.message
    assert hint in check.hint


@pytest.mark.parametrize("away", [True, False])
async def test_nobody_to_ask(away: bool) -> None:
    history = clients()
    history.failure = Unreachable("connection refused", backend="Prometheus")
    check = await forecast(Gate(), TODAY, history if away else None, now=float(NOW))
    assert check.verdict is Verdict.UNKNOWN
    assert ("connection refused" if away else "no Prometheus is configured") in check.message


@pytest.mark.parametrize("query", ["sum(", 'http_request_duration_highr_seconds_bucket{pod=~"{pods}"}'])
async def test_a_query_that_could_never_be_judged_is_refused(query: str) -> None:
    gate = Gate(criteria=(QueryCriterion("mine", query, Op.AT_MOST, 1),))
    check = await forecast(gate, TODAY, clients(), now=float(NOW))
    assert check.verdict is Verdict.REFUSE
    assert check.message.startswith("it could never be judged: mine: ")
    assert "gate check" in check.hint


async def test_where_no_failures_are_judged_nothing_is_said_of_them() -> None:
    only_latency = Gate(max_error_ratio=None, max_error_rise=None)
    assert "half of them failing" not in (await forecast(only_latency, TODAY, clients(start=3700, rate=0.5), now=float(NOW))).message
    for one in (Gate(max_error_ratio=None), Gate(max_error_rise=None)):
        assert "half of them failing" in (await forecast(one, TODAY, clients(start=3700, rate=0.02), now=float(NOW))).message
