"""Strategic merge patch: lists by key, sets, and its directives."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.api.kinds import DEPLOYMENTS, PODS
from kubesim.api.statuses import ApiError
from kubesim.patching.strategic_merge import strategic_merge

ELEMENTS = st.lists(
    st.builds(lambda name, image: {"name": name, "image": image}, st.sampled_from("abcd"), st.sampled_from("xy")),
    max_size=4,
    unique_by=lambda each: str(each["name"]),
)


def pod(containers: list[dict[str, str]]) -> dict[str, Any]:
    return {"spec": {"containers": containers}}


@given(ELEMENTS, ELEMENTS)
def test_strategic_patch_merges_elements_by_name(old: list[dict[str, str]], patch: list[dict[str, str]]) -> None:
    merged = strategic_merge(PODS, pod(old), pod(patch))["spec"]["containers"]
    wanted = {each["name"]: each["image"] for each in old} | {each["name"]: each["image"] for each in patch}
    assert {each["name"]: each["image"] for each in merged} == wanted
    assert len(merged) == len(wanted)
    assert strategic_merge(PODS, pod(merged), pod(patch))["spec"]["containers"] == merged


@given(ELEMENTS, ELEMENTS)
def test_untouched_elements_keep_their_order(old: list[dict[str, str]], patch: list[dict[str, str]]) -> None:
    merged = [each["name"] for each in strategic_merge(PODS, pod(old), pod(patch))["spec"]["containers"]]
    touched = {each["name"] for each in patch}
    rest = [each["name"] for each in old if each["name"] not in touched]
    assert [name for name in merged if name in rest] == rest


@given(ELEMENTS, st.sampled_from("abcd"))
def test_strategic_patch_deletes_one_element(old: list[dict[str, str]], name: str) -> None:
    merged = strategic_merge(PODS, pod(old), {"spec": {"containers": [{"name": name, "$patch": "delete"}]}})
    assert merged["spec"]["containers"] == [each for each in old if each["name"] != name]


@given(st.lists(st.sampled_from("abcd"), max_size=4, unique=True), st.permutations("abcd"))
def test_a_wished_order_is_kept(names: list[str], order: list[str]) -> None:
    old = [{"name": name, "image": "x"} for name in names]
    patch = {"spec": {"$setElementOrder/containers": [{"name": name} for name in order]}}
    merged = strategic_merge(PODS, pod(old), patch)["spec"]["containers"]
    assert [each["name"] for each in merged] == [name for name in order if name in names]


def test_lists_of_words_are_sets_where_the_schema_says_so() -> None:
    meta = {"metadata": {"finalizers": ["a", "b"]}}
    assert set(strategic_merge(PODS, meta, {"metadata": {"finalizers": ["b", "c"]}})["metadata"]["finalizers"]) == {"a", "b", "c"}
    dropped = strategic_merge(PODS, meta, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}})
    assert dropped["metadata"]["finalizers"] == ["b"]


def test_a_whole_object_can_be_replaced() -> None:
    old = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    new = strategic_merge(DEPLOYMENTS, old, {"spec": {"strategy": {"$patch": "replace", "type": "Recreate"}}})
    assert new["spec"]["strategy"] == {"type": "Recreate"}


@given(ELEMENTS, ELEMENTS)
def test_neither_argument_is_changed(old: list[dict[str, str]], patch: list[dict[str, str]]) -> None:
    before = copy.deepcopy((old, patch))
    strategic_merge(PODS, pod(old), pod(patch))
    assert (old, patch) == before


def test_null_takes_a_value_out_at_any_depth() -> None:
    old = {"metadata": {"annotations": {"a": "1", "b": "2"}}, "spec": {"containers": [{"name": "c", "image": "x", "workingDir": "/"}]}}
    patch = {"metadata": {"annotations": {"a": None}}, "spec": {"containers": [{"name": "c", "workingDir": None}]}}
    new = strategic_merge(PODS, old, patch)
    assert new == {"metadata": {"annotations": {"b": "2"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}


def test_a_new_element_is_taken_in_without_nulls_and_directives() -> None:
    new = strategic_merge(PODS, pod([]), {"spec": {"containers": [{"name": "c", "image": "x", "command": None, "$patch": "merge"}]}})
    assert new["spec"]["containers"] == [{"name": "c", "image": "x"}]


def test_one_element_that_says_so_replaces_the_whole_list() -> None:
    new = strategic_merge(PODS, pod([{"name": "a"}, {"name": "b"}]), {"spec": {"containers": [{"name": "c"}, {"$patch": "replace"}]}})
    assert new["spec"]["containers"] == [{"name": "c"}]


def test_a_map_can_be_emptied() -> None:
    old = {"metadata": {"annotations": {"a": "1"}}}
    assert strategic_merge(PODS, old, {"metadata": {"annotations": {"$patch": "delete"}}}) == {"metadata": {"annotations": {}}}


def test_only_the_keys_to_retain_stay() -> None:
    old = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    new = strategic_merge(DEPLOYMENTS, old, {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}})
    assert new["spec"]["strategy"] == {"type": "Recreate"}


def test_lists_without_a_key_are_replaced() -> None:
    old = {"spec": {"containers": [{"name": "c", "args": ["a", "b"]}]}}
    new = strategic_merge(PODS, old, {"spec": {"containers": [{"name": "c", "args": ["x"]}]}})
    assert new["spec"]["containers"][0]["args"] == ["x"]


def test_an_element_without_its_key_is_an_error_of_the_server() -> None:
    with pytest.raises(ApiError) as refused:
        strategic_merge(PODS, pod([]), {"spec": {"containers": [{"image": "x"}]}})
    assert (refused.value.code, refused.value.message) == (500, "map: map[image:x] does not contain declared merge key: name")
