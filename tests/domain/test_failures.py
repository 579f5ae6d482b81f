"""What went wrong, as a value: which failure an exception is, and what is said of it."""

from __future__ import annotations

import pytest

from modeldeck.domain.failures import (
    SETTLING,
    Conflict,
    Failure,
    Faulty,
    Forbidden,
    InvalidQuery,
    Malformed,
    Rejected,
    TimedOut,
    TooLarge,
    Unreachable,
    bug,
    failure_from,
    is_bug,
)


def test_a_failure_says_who_failed_and_what_can_be_done() -> None:
    plain = Forbidden("may not list pods")
    assert (str(plain), plain.hint) == ("may not list pods", "ask for the permission; everything else goes on")
    told = Forbidden("may not list pods", hint="ask ann", backend="Kubernetes", status=403)
    assert (str(told), told.hint, told.status) == ("Kubernetes: may not list pods", "ask ann", 403)


@pytest.mark.parametrize(
    ("asked", "waited"), [(None, None), (0.0, 0.0), (-5.0, 0.0), (7.5, 7.5), (300.0, 300.0), (300.5, 300.0), (31_536_000.0, 300.0)]
)
def test_a_backend_may_ask_for_a_pause_of_five_minutes_at_most(asked: float | None, waited: float | None) -> None:
    assert Faulty("overloaded", retry_after=asked).retry_after == waited


def test_a_refusal_may_settle_for_longer_than_an_identity_provider_is_looked_for() -> None:
    assert SETTLING == 15.0


def test_failures_that_say_the_same_are_one() -> None:
    one = Conflict("moved", backend="MLflow")
    same = Conflict("moved", backend="MLflow", retry_after=3.0, status=409)
    others = (Conflict("moved"), Conflict("moved", backend="MLflow", hint="wait"), Conflict("gone", backend="MLflow"), Faulty("moved"))
    assert one == same
    assert hash(one) == hash(same)
    assert [one == other for other in (*others, "MLflow: moved", None)] == [False] * 6
    smaller = Conflict("a", backend="MLflow")
    assert (one == smaller, smaller == one) == (False, False)


def test_what_a_log_shows_of_it() -> None:
    assert repr(Conflict("moved", backend="MLflow")) == "Conflict('moved', backend='MLflow')"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TimeoutError("secret"), TimedOut("no answer in time", backend="MLflow")),
        (OSError(111, "Connection refused"), Unreachable("connection refused", backend="MLflow")),
        (OSError("secret"), Unreachable("it cannot be read", backend="MLflow")),
        (ValueError("secret"), Malformed("its answer cannot be read (ValueError)", backend="MLflow")),
        (ZeroDivisionError("secret"), Malformed("its answer cannot be read (ZeroDivisionError)", backend="MLflow")),
        (KeyError("secret"), Malformed("its answer cannot be read (KeyError)", backend="MLflow")),
        (RecursionError("secret"), Malformed("its answer is nested too deep", backend="MLflow")),
        (MemoryError("secret"), TooLarge("its answer is too large for the memory of this machine", backend="MLflow")),
        (AttributeError("secret"), bug(AttributeError(), backend="MLflow")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_exception_is_a_failure_without_its_text(error: Exception, expected: Failure) -> None:
    found = failure_from(error, backend="MLflow")
    assert found == expected
    assert "secret" not in f"{found} {found!r}"
    assert is_bug(found) is isinstance(error, AttributeError)


def test_of_a_group_the_first_exception_counts_however_deep() -> None:
    first, second = Unreachable("refused"), Faulty("broken")
    assert failure_from(ExceptionGroup("all", [ExceptionGroup("some", [first]), second]), backend="MLflow") is first
    late = failure_from(ExceptionGroup("all", [TimeoutError(), second]), backend="MLflow")
    assert late == TimedOut("no answer in time", backend="MLflow")


def test_a_bug_is_told_as_ours_and_asks_for_a_report() -> None:
    found = bug(AttributeError("secret"), backend="Prometheus")
    assert str(found) == "Prometheus: modeldeck itself broke here (AttributeError)"
    assert "report" in found.hint


def test_a_query_that_is_none_is_a_request_that_was_refused() -> None:
    query = InvalidQuery("no PromQL")
    assert isinstance(query, Rejected)
    assert (query.code, query.hint) == ("rejected", "correct the query")
    assert not is_bug(query)
