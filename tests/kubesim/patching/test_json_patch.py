"""JSON patch and merge patch."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubesim.api.statuses import ApiError
from kubesim.patching.json_patch import json_patch, merge_patch

SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=2)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc~/"), inner, max_size=3), max_leaves=5
)
OBJECTS = st.dictionaries(st.sampled_from("abc~/"), VALUES, max_size=3)
FEW = settings(max_examples=40)


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return value


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [  # the examples of RFC 7386
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch_does_what_its_standard_says(target: Any, patch: Any, result: Any) -> None:
    assert merge_patch(target, patch) == result


@FEW
@given(OBJECTS, OBJECTS)
def test_merge_patch_is_idempotent_and_leaves_its_arguments_alone(target: Any, patch: Any) -> None:
    before = copy.deepcopy((target, patch))
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once
    assert (target, patch) == before


def escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


@FEW
@given(OBJECTS, st.sampled_from("abc~/"), VALUES)
def test_what_json_patch_adds_it_can_test_and_remove(target: Any, key: str, value: Any) -> None:
    path = f"/{escaped(key)}"
    added = json_patch(target, [{"op": "add", "path": path, "value": value}, {"op": "test", "path": path, "value": value}])
    assert added == {**target, key: value}
    removed = json_patch(added, [{"op": "remove", "path": path}])
    assert removed == {name: item for name, item in target.items() if name != key}


@FEW
@given(OBJECTS)
def test_a_failed_test_leaves_the_document_alone(target: Any) -> None:
    before = copy.deepcopy(target)
    with pytest.raises(ApiError) as refused:
        json_patch(target, [{"op": "add", "path": "/new", "value": 1}, {"op": "test", "path": "/new", "value": 2}])
    assert refused.value.code == 422
    assert target == before


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        ({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}, True),
        ([1, 2], [2, 1], False),
    ],
)
def test_json_patch_compares_as_json_does(left: Any, right: Any, same: bool) -> None:
    operations = [{"op": "test", "path": "/v", "value": right}]
    if same:
        assert json_patch({"v": left}, operations) == {"v": left}
    else:
        with pytest.raises(ApiError):
            json_patch({"v": left}, operations)
