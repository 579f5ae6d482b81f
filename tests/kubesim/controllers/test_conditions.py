"""Lists of conditions."""

from __future__ import annotations

from typing import Any

import pytest

from kubesim.controllers.conditions import drop, find, make, put


def condition(value: str = "True", reason: str = "Good", at: str = "t1", **more: str) -> dict[str, str]:
    return {"type": "Available", "status": value, "reason": reason, "lastTransitionTime": at, "lastUpdateTime": at, **more}


OTHER = {"type": "Progressing", "status": "True", "reason": "New", "lastTransitionTime": "t0"}


@pytest.mark.parametrize("status", [{}, {"conditions": None}, {"conditions": [OTHER]}])
def test_what_is_not_there_is_not_found(status: dict[str, Any]) -> None:
    assert find(status, "Available") is None


def test_the_same_again_changes_nothing() -> None:
    status: dict[str, Any] = {"conditions": [condition(), OTHER]}
    put(status, condition(at="t2", message="other words"))
    assert status == {"conditions": [condition(), OTHER]}


def test_another_reason_keeps_the_time_of_the_transition() -> None:
    status: dict[str, Any] = {"conditions": [condition(), OTHER]}
    put(status, condition(reason="Better", at="t2"))
    found = find(status, "Available")
    assert found == {**condition(reason="Better", at="t2"), "lastTransitionTime": "t1"}
    assert find(status, "Progressing") == OTHER


def test_another_status_is_a_transition() -> None:
    status: dict[str, Any] = {"conditions": [condition()]}
    put(status, condition("False", at="t2"))
    assert status["conditions"] == [condition("False", at="t2")]


def test_the_last_one_takes_the_list_along() -> None:
    status: dict[str, Any] = {"conditions": [condition(), OTHER]}
    drop(status, "Available")
    assert status == {"conditions": [OTHER]}
    drop(status, "Progressing")
    assert status == {}
    drop(status, "Progressing")
    assert status == {}


def test_one_that_is_made_now_has_been_so_since_now() -> None:
    made = make("Available", "False", "Bad", "why")
    assert made["lastUpdateTime"] == made["lastTransitionTime"]
    assert (made["type"], made["status"], made["reason"], made["message"]) == ("Available", "False", "Bad", "why")
