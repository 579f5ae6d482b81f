"""What the plan says beforehand about its gate."""

from __future__ import annotations

import pytest

from tests.support.history import NOW, SLOW, History
from tui.domain.failures import Unreachable
from tui.domain.gates import Gate, Op, QueryCriterion
from tui.domain.promotions import Verdict
from tui.operations.gate import Target, forecast

SET = "iris-5d4f8c7b9"
TODAY = Target("serving", "iris", (SET,))


def world(**more: object) -> History:
    history = History()
    history.fastapi(f"{SET}-abcde", **more)  # type: ignore[arg-type]
    return history


async def test_enough_to_judge_by() -> None:
    check = await forecast(Gate(), TODAY, world(), now=float(NOW))
    assert (check.name, check.verdict, check.words) == ("gate", Verdict.OK, "3 criteria can be judged (600 requests in 300 s, 60 needed)")


AS_THINGS_ARE = "it will end INSUFFICIENT as things are: error ratio, error ratio vs before, p99 vs before: "


@pytest.mark.parametrize(
    ("history", "gate", "words", "hint"),
    [
        (world(rate=0.1), Gate(), f"{AS_THINGS_ARE}30 requests, 60 needed", "min_requests"),
        (History(), Gate(), f"{AS_THINGS_ARE}these pods export no metrics", "scraped"),
        (world(), Gate(max_drift=0.2), "drift: FastAPI instrumentator exports no histogram of predicted values here", "switch off"),
        (world(latency=SLOW), Gate(max_p99=0.3), "the version that serves now fails it: p99: 950 ms of 600 requests", "bounds"),
    ],
)
async def test_what_will_not_do(history: History, gate: Gate, words: str, hint: str) -> None:
    check = await forecast(gate, TODAY, history, now=float(NOW))
    assert check.verdict is Verdict.WARN
    assert words in check.words
    assert hint in check.hint


@pytest.mark.parametrize("away", [True, False])
async def test_nobody_to_ask(away: bool) -> None:
    history = world()
    history.failure = Unreachable("connection refused", backend="Prometheus")
    check = await forecast(Gate(), TODAY, history if away else None, now=float(NOW))
    assert check.verdict is Verdict.UNKNOWN
    assert ("connection refused" if away else "no Prometheus is configured") in check.words


@pytest.mark.parametrize("query", ["sum(", 'http_request_duration_highr_seconds_bucket{pod=~"{pods}"}'])
async def test_a_query_that_could_never_be_judged_is_refused(query: str) -> None:
    gate = Gate(criteria=(QueryCriterion("mine", query, Op.AT_MOST, 1),))
    check = await forecast(gate, TODAY, world(), now=float(NOW))
    assert check.verdict is Verdict.REFUSE
    assert check.words.startswith("it could never be judged: mine: ")
    assert "gate check" in check.hint
