"""Server-side apply: what is declared is merged and owned, what is declared no more goes, and others' fields are conflicts."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.api.kinds import CONFIGMAPS, DEPLOYMENTS
from kubesim.api.statuses import ApiError
from kubesim.patching.managed_fields import Owner, owners, track_update
from kubesim.patching.server_side_apply import check_conflicts, merged_with, own

DATA = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("xy"), max_size=4)


def applier(name: str, time: str = "2026-01-01T00:00:00Z") -> Owner:
    return Owner(name, "Apply", "v1", "", time, frozenset())


def config_map(data: dict[str, str]) -> dict[str, Any]:
    return {"metadata": {"name": "x"}, "data": data}


def applied(live: dict[str, Any] | None, data: dict[str, str], author: Owner, *, force: bool = False) -> dict[str, Any]:
    config = config_map(data)
    if live is not None and not force:
        check_conflicts(CONFIGMAPS, live, config, author)
    stored = merged_with(CONFIGMAPS, live, config, author) if live is not None else copy.deepcopy(config)
    own(CONFIGMAPS, live, stored, config, author)
    return stored


def owned(obj: dict[str, Any]) -> dict[str, set[str]]:
    """The keys of `data` by manager."""
    return {owner.manager: {path[-1][2:] for path in owner.paths if path[0] == "f:data"} for owner in owners(obj)}


@given(DATA, DATA)
def test_a_second_apply_of_the_same_manager_is_what_it_says_last(first: dict[str, str], second: dict[str, str]) -> None:
    again = applied(applied(None, first, applier("one")), second, applier("one"))
    assert again["data"] == second
    assert owned(again).get("one", set()) == second.keys()


@given(DATA, DATA)
def test_what_another_manager_holds_with_another_value_is_a_conflict(mine: dict[str, str], theirs: dict[str, str]) -> None:
    live = applied(None, theirs, applier("two"))
    disputed = {key for key in mine.keys() & theirs.keys() if mine[key] != theirs[key]}
    if disputed:
        with pytest.raises(ApiError) as refused:
            applied(live, mine, applier("one"))
        assert refused.value.code == 409
        assert {cause["field"] for cause in refused.value.status()["details"]["causes"]} == {f".data.{key}" for key in disputed}
    else:
        assert applied(live, mine, applier("one"))["data"] == {**theirs, **mine}


@given(DATA, DATA)
def test_force_takes_the_disputed_fields_over_and_shares_those_that_agree(mine: dict[str, str], theirs: dict[str, str]) -> None:
    new = applied(applied(None, theirs, applier("two")), mine, applier("one"), force=True)
    assert new["data"] == {**theirs, **mine}
    assert owned(new).get("one", set()) == mine.keys()
    assert owned(new).get("two", set()) == {key for key, value in theirs.items() if mine.get(key, value) == value}


def test_what_is_declared_no_more_stays_while_somebody_else_declares_it() -> None:
    live = applied(applied(None, {"a": "x", "b": "y"}, applier("one")), {"a": "x"}, applier("two"))
    assert applied(live, {}, applier("one"))["data"] == {"a": "x"}


def test_an_element_of_a_list_goes_whole_and_others_stay() -> None:
    def body(*names: str) -> dict[str, Any]:
        containers = [{"name": name, "image": "i", "ports": [{"containerPort": 80, "protocol": "TCP"}]} for name in names]
        return {"metadata": {"name": "x"}, "spec": {"template": {"spec": {"containers": containers}}}}

    live, author = body("a", "b"), applier("one")
    own(DEPLOYMENTS, None, live, body("a", "b"), author)
    merged = merged_with(DEPLOYMENTS, live, body("b"), author)
    assert [each["name"] for each in merged["spec"]["template"]["spec"]["containers"]] == ["b"]


def test_a_conflict_says_with_whom_over_what() -> None:
    live = config_map({"a": "x", "b": "x"})
    track_update(CONFIGMAPS, None, live, Owner("kubectl-edit", "Update", "v1", "", "2026-01-01T00:00:00Z", frozenset()))
    with pytest.raises(ApiError) as one:
        check_conflicts(CONFIGMAPS, live, config_map({"a": "y"}), applier("one"))
    who = 'conflict with "kubectl-edit" using v1 at 2026-01-01T00:00:00Z'
    assert one.value.message == f"Apply failed with 1 conflict: {who}: .data.a"
    with pytest.raises(ApiError) as two:
        check_conflicts(CONFIGMAPS, live, config_map({"a": "y", "b": "y"}), applier("one"))
    assert two.value.message == f"Apply failed with 2 conflicts: conflicts - {who}: .data.a\n- {who}: .data.b"


def test_an_apply_that_changes_nothing_keeps_its_time() -> None:
    live = applied(None, {"a": "x"}, applier("one", "2026-01-01T00:00:00Z"))
    same = applied(live, {"a": "x"}, applier("one", "2026-02-02T00:00:00Z"))
    assert [owner.time for owner in owners(same)] == ["2026-01-01T00:00:00Z"]
    changed = applied(live, {"a": "y"}, applier("one", "2026-02-02T00:00:00Z"))
    assert [owner.time for owner in owners(changed)] == ["2026-02-02T00:00:00Z"]
