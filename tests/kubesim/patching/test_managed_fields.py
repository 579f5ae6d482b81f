"""Who owns which field."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kubesim.api.kinds import CONFIGMAPS, DEPLOYMENTS
from kubesim.patching import managed_fields
from kubesim.patching.managed_fields import Owner

DATA = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("xy"), max_size=4)


def author(name: str) -> Owner:
    return Owner(name, "Update", "v1", "", "2026-01-01T00:00:00Z", frozenset())


def config_map(data: dict[str, str]) -> dict[str, Any]:
    return {"metadata": {"name": "x"}, "data": data}


@given(st.lists(st.tuples(st.sampled_from(["one", "two", "three"]), DATA), min_size=1, max_size=6))
def test_every_field_belongs_to_who_changed_it_last(writes: list[tuple[str, dict[str, str]]]) -> None:
    stored: dict[str, Any] | None = None
    last: dict[str, str] = {}
    for name, data in writes:
        new = config_map(data)
        managed_fields.track_update(CONFIGMAPS, stored, new, author(name))
        before = stored["data"] if stored else {}
        last = {key: name if before.get(key) != value else last[key] for key, value in data.items()}
        stored = new
    assert stored is not None
    owned = {
        path[-1][2:]: owner.manager for owner in managed_fields.owners(stored) for path in owner.paths if len(path) == 2 and path[-1] != "."
    }
    assert owned == last


@given(DATA)
def test_paths_survive_being_written_down(data: dict[str, str]) -> None:
    obj = config_map(data)
    paths = frozenset(managed_fields.flatten(CONFIGMAPS, obj))
    managed_fields.write(obj, [Owner("one", "Update", "v1", "", "t", paths)])
    found = managed_fields.owners(copy.deepcopy(obj))
    assert [owner.paths for owner in found] == ([paths] if paths else [])


def test_elements_are_named_by_their_keys() -> None:
    body = {
        "spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80, "protocol": "TCP"}]}]}}}
    }
    managed_fields.track_update(DEPLOYMENTS, None, body | {"metadata": {"name": "x"}}, author("one"))
    flat = managed_fields.flatten(DEPLOYMENTS, body)
    container = ("f:spec", "f:template", "f:spec", "f:containers", 'k:{"name":"c"}')
    assert flat[(*container, "f:image")] == "i"
    assert (*container, "f:ports", 'k:{"containerPort":80,"protocol":"TCP"}', "f:containerPort") in flat
