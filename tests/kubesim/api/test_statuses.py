"""Refusals as Status objects, in the server's words."""

from __future__ import annotations

import pytest

from kubesim.api.kinds import DEPLOYMENTS, PODS
from kubesim.api.statuses import (
    ApiError,
    Cause,
    already_exists,
    bad_request,
    conflict,
    expired,
    forbidden,
    internal,
    invalid,
    not_found,
    success,
    too_large_version,
    unauthorized,
)


@pytest.mark.parametrize(
    ("error", "code", "reason", "message"),
    [
        (not_found(DEPLOYMENTS, "iris"), 404, "NotFound", 'deployments.apps "iris" not found'),
        (not_found(PODS, "iris"), 404, "NotFound", 'pods "iris" not found'),
        (already_exists(PODS, "iris"), 409, "AlreadyExists", 'pods "iris" already exists'),
        (conflict(PODS, "iris", "no"), 409, "Conflict", 'Operation cannot be fulfilled on pods "iris": no'),
        (forbidden(PODS, "iris", "no"), 403, "Forbidden", 'pods "iris" is forbidden: no'),
        (forbidden(PODS, "", "no"), 403, "Forbidden", "pods is forbidden: no"),
        (unauthorized(), 401, "Unauthorized", "Unauthorized"),
        (bad_request("no"), 400, "BadRequest", "no"),
        (expired("too old"), 410, "Expired", "too old"),
    ],
)
def test_code_reason_and_words(error: ApiError, code: int, reason: str, message: str) -> None:
    status = error.status()
    assert (status["kind"], status["status"], status["code"], status["reason"]) == ("Status", "Failure", code, reason)
    assert status["message"] == message


def test_details_name_the_kind_by_its_plural_and_a_group_only_where_there_is_one() -> None:
    assert not_found(DEPLOYMENTS, "iris").status()["details"] == {"name": "iris", "group": "apps", "kind": "deployments"}
    assert not_found(PODS, "").status()["details"] == {"kind": "pods"}


def test_a_refusal_without_reason_or_details_says_neither() -> None:
    assert internal("oops").status().keys() == {"kind", "apiVersion", "metadata", "status", "message", "code"}


def test_one_invalid_field_is_told_alone_and_several_in_brackets_each_once() -> None:
    first, second = Cause("FieldValueRequired", "Required value", "spec.a"), Cause("FieldValueInvalid", "bad", "spec.b")
    assert invalid(DEPLOYMENTS, "iris", [first]).message == 'Deployment.apps "iris" is invalid: spec.a: Required value'
    several = invalid(PODS, "iris", [first, second, first])
    assert several.message == 'Pod "iris" is invalid: [spec.a: Required value, spec.b: bad]'
    details = several.status()["details"]
    assert [cause["field"] for cause in details["causes"]] == ["spec.a", "spec.b", "spec.a"]
    assert details["kind"] == "Pod"


def test_a_version_of_the_future_says_when_to_ask_again() -> None:
    status = too_large_version(9, 3).status()
    assert (status["code"], status["message"]) == (504, "Timeout: Too large resource version: 9, current: 3")
    assert status["details"]["retryAfterSeconds"] == 1


def test_a_delete_that_is_done_names_what_went() -> None:
    status = success(DEPLOYMENTS, "iris", "u-1")
    assert status["status"] == "Success"
    assert status["details"] == {"name": "iris", "group": "apps", "kind": "deployments", "uid": "u-1"}
