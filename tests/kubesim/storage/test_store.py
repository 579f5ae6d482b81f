"""The store: copies, versions, history, and the next start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kubesim.api.kinds import CONFIGMAPS, SECRETS
from kubesim.storage.store import Change, Store

OPERATIONS = st.lists(st.tuples(st.sampled_from(["put", "remove"]), st.sampled_from(["n1", "n2"]), st.sampled_from("abc")), max_size=30)


def config_map(namespace: str, name: str, **more: Any) -> dict[str, Any]:
    return {"metadata": {"namespace": namespace, "name": name, "uid": f"{namespace}-{name}", **more}}


def play(store: Store, operations: list[tuple[str, str, str]]) -> None:
    for action, namespace, name in operations:
        if action == "put":
            store.put(CONFIGMAPS, config_map(namespace, name))
        elif store.get(CONFIGMAPS, namespace, name) is not None:
            store.remove(CONFIGMAPS, namespace, name, config_map(namespace, name))


@settings(max_examples=50)
@given(OPERATIONS)
def test_the_changes_rebuild_the_state(operations: list[tuple[str, str, str]]) -> None:
    store, changes = Store(None), list[Change]()
    store.listen(changes.append)
    play(store, operations)
    rebuilt: dict[str, int] = {}
    for change in changes:
        assert (change.type == "ADDED") == (change.entry.key not in rebuilt)
        if change.type == "DELETED":
            del rebuilt[change.entry.key]
        else:
            rebuilt[change.entry.key] = change.entry.version
    assert [(entry.key, entry.version) for entry in store.scan(CONFIGMAPS)] == sorted(rebuilt.items())
    versions = [change.entry.version for change in changes]
    assert versions == list(range(1, len(versions) + 1))
    assert [entry.key for entry in store.scan(CONFIGMAPS, "n1")] == sorted(key for key in rebuilt if key.startswith("n1/"))
    store.close()


def test_the_next_start_finds_everything_and_counts_on(tmp_path: Path) -> None:
    store = Store(tmp_path / "db")
    play(store, [("put", "n1", "a"), ("put", "n1", "b"), ("put", "n1", "a"), ("remove", "n1", "b")])
    before = [(entry.key, entry.version, entry.raw) for entry in store.scan(CONFIGMAPS)]
    assert store.version == 4
    # Not closed: a process that is killed does not close it either.
    again = Store(tmp_path / "db")
    assert [(entry.key, entry.version, entry.raw) for entry in again.scan(CONFIGMAPS)] == before
    assert again.version == 4, "the deletion counts too"
    assert again.tables["configmaps"].floor == 4, "what happened before the start cannot be watched"
    again.close()
    store.close()


def test_readers_get_copies() -> None:
    store = Store(None)
    entry = store.put(CONFIGMAPS, config_map("n1", "a"))
    entry.object()["metadata"]["name"] = "changed"
    found = store.get(CONFIGMAPS, "n1", "a")
    assert found is not None
    assert found.object()["metadata"]["name"] == "a"
    store.close()


def test_dependents_follow_their_owner_references() -> None:
    store = Store(None)
    reference = {"ownerReferences": [{"uid": "boss"}]}
    store.put(CONFIGMAPS, config_map("n1", "a", **reference))
    store.put(SECRETS, {"metadata": {"namespace": "n1", "name": "s", "uid": "s", **reference}})
    assert sorted(entry.name for _, entry in store.dependents("boss")) == ["a", "s"]
    store.put(CONFIGMAPS, config_map("n1", "a"))
    assert [entry.name for _, entry in store.dependents("boss")] == ["s"]
    assert store.by_uid("s") is not None
    store.remove(SECRETS, "n1", "s", {"metadata": {"namespace": "n1", "name": "s", "uid": "s"}})
    assert list(store.dependents("boss")) == []
    assert store.by_uid("s") is None
    store.close()
