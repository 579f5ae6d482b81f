"""Watches: nothing lost, nothing twice, nothing out of order."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.kubernetes.api import TABLE, Api


@pytest.fixture
def path(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/configmaps"


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [f"{each['type']} {each['object']['metadata'].get('name', '')}".strip() for each in events if each["type"] != "BOOKMARK"]


def mine(events: list[dict[str, Any]]) -> list[str]:
    """Without what controllers put into a new namespace."""
    return [each for each in kinds(events) if "kube-root-ca" not in each]


def version(api: Api, path: str) -> str:
    found: str = api.get(path).ok["metadata"]["resourceVersion"]
    return found


def test_a_watch_continues_where_the_list_ended(api: Api, path: str) -> None:
    api.create(path, {"metadata": {"name": "before"}}).must()
    with api.watch(path, resourceVersion=version(api, path)) as watch:
        api.create(path, {"metadata": {"name": "a"}}).must()
        api.patch(f"{path}/a", {"data": {"k": "v"}}).must()
        api.delete(f"{path}/a").must()
        watch.until(lambda events: len(mine(events)) == 3)
    assert mine(watch.events) == ["ADDED a", "MODIFIED a", "DELETED a"]
    versions = [int(each["object"]["metadata"]["resourceVersion"]) for each in watch.events]
    assert versions == sorted(set(versions)), "each event has a version of its own, in order: the deletion too"
    assert watch.events[-1]["object"]["data"] == {"k": "v"}


def test_a_watch_from_nowhere_starts_with_what_is_there(api: Api, path: str) -> None:
    for name in ("a", "b"):
        api.create(path, {"metadata": {"name": name}}).must()
    for query in ({}, {"resourceVersion": "0"}):
        with api.watch(path, **query) as watch:
            watch.until(lambda events: len(mine(events)) >= 2)
            api.delete(f"{path}/b", dryRun="All").must()
        assert mine(watch.events) == ["ADDED a", "ADDED b"]


def test_a_watch_can_be_resumed_from_any_event(api: Api, path: str) -> None:
    start = version(api, path)
    for number in range(10):
        api.create(path, {"metadata": {"name": f"n{number}"}}).must()
    with api.watch(path, resourceVersion=start) as whole:
        whole.until(lambda events: len(mine(events)) == 10)
    middle = next(each for each in whole.events if each["object"]["metadata"]["name"] == "n4")["object"]["metadata"]["resourceVersion"]
    with api.watch(path, resourceVersion=middle) as rest:
        rest.until(lambda events: len(mine(events)) == 5)
    assert mine(rest.events) == [f"ADDED n{number}" for number in range(5, 10)]


def test_what_stops_matching_the_selector_is_deleted_for_the_watcher(api: Api, path: str) -> None:
    start = version(api, path)
    with api.watch(path, resourceVersion=start, labelSelector="on=yes") as watch:
        api.create(path, {"metadata": {"name": "a"}}).must()
        api.patch(f"{path}/a", {"metadata": {"labels": {"on": "yes"}}}).must()
        last = api.patch(f"{path}/a", {"metadata": {"labels": {"on": "no"}}}).ok
        api.delete(f"{path}/a").must()
        api.create(path, {"metadata": {"name": "b", "labels": {"on": "yes"}}}).must()
        watch.until(lambda events: len(kinds(events)) == 3)
    assert kinds(watch.events) == ["ADDED a", "DELETED a", "ADDED b"]
    gone = watch.events[1]["object"]["metadata"]
    assert gone["resourceVersion"] == last["metadata"]["resourceVersion"]
    assert gone["labels"] == {"on": "yes"}, "its last state that the watcher could see"


def test_one_object_can_be_watched(api: Api, path: str) -> None:
    with api.watch(path, resourceVersion=version(api, path), fieldSelector="metadata.name=b") as watch:
        for name in ("a", "b", "c"):
            api.create(path, {"metadata": {"name": name}}).must()
        watch.until(lambda events: kinds(events))
    assert kinds(watch.events) == ["ADDED b"]


def test_a_watch_ends_in_time_with_a_bookmark(api: Api, path: str) -> None:
    start = version(api, path)
    with api.watch(path, resourceVersion=start, allowWatchBookmarks="true", timeoutSeconds="3") as watch:
        api.create(path, {"metadata": {"name": "a"}}).must()
        watch.until_ended()
    bookmarks = [each for each in watch.events if each["type"] == "BOOKMARK"]
    assert mine(watch.events) == ["ADDED a"]
    assert bookmarks
    body = bookmarks[-1]["object"]
    assert (body["kind"], body["apiVersion"]) == ("ConfigMap", "v1")
    assert int(body["metadata"]["resourceVersion"]) >= int(start)


def test_without_asking_there_are_no_bookmarks(api: Api, path: str) -> None:
    with api.watch(path, resourceVersion=version(api, path), timeoutSeconds="2") as watch:
        watch.until_ended()
    assert [each for each in watch.events if each["type"] == "BOOKMARK"] == []


def test_the_state_can_be_streamed_instead_of_listed(api: Api, path: str) -> None:
    for name in ("a", "b"):
        api.create(path, {"metadata": {"name": name}}).must()
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    with api.watch(path, **query) as watch:
        end = watch.until(lambda events: next((each for each in events if each["type"] == "BOOKMARK"), None))
    assert mine(watch.events) == ["ADDED a", "ADDED b"]
    assert end["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    refused = api.get(path, watch="true", sendInitialEvents="true", allowWatchBookmarks="true")
    assert (refused.code, refused.body["reason"]) == (422, "Invalid")


def test_a_watch_of_tables_sends_the_columns_once(api: Api, path: str) -> None:
    answer = api.call("GET", path, accept=TABLE, watch="true", timeoutSeconds="1")
    assert answer.code == 200
    for name in ("a", "b"):
        api.create(path, {"metadata": {"name": name}}).must()
    lines = str(api.call("GET", path, accept=TABLE, watch="true", timeoutSeconds="1", fieldSelector="metadata.name!=kube-root-ca.crt").body)
    events = [json.loads(each) for each in lines.splitlines()]
    assert [each["object"]["rows"][0]["cells"][0] for each in events] == ["a", "b"]
    assert events[0]["object"]["columnDefinitions"]
    assert not events[1]["object"]["columnDefinitions"]


def test_a_version_that_is_no_number_is_refused(api: Api, path: str) -> None:
    assert api.get(path, watch="true", resourceVersion="abc").code == 500


def test_a_version_from_the_future_is_waited_for(api: Api, path: str) -> None:
    far = str(int(version(api, path)) + 1_000_000)
    with api.watch(path, resourceVersion=far, timeoutSeconds="1") as watch:
        api.create(path, {"metadata": {"name": "a"}}).must()
        watch.until_ended()
    assert mine(watch.events) == []


def test_nothing_is_lost_between_many_writers(api: Api, path: str) -> None:
    """Each of several watches sees each of a hundred changes once, in the same order."""
    from concurrent.futures import ThreadPoolExecutor

    start = version(api, path)
    with api.watch(path, resourceVersion=start) as early:
        with ThreadPoolExecutor(4) as pool:
            for answer in pool.map(lambda number: api.create(path, {"metadata": {"name": f"n{number}"}}), range(50)):
                assert answer.code == 201
            for answer in pool.map(lambda number: api.delete(f"{path}/n{number}"), range(50)):
                assert answer.code == 200
        early.until(lambda events: len(mine(events)) >= 100)
    with api.watch(path, resourceVersion=start) as late:
        late.until(lambda events: len(mine(events)) >= 100)
    assert mine(early.events) == mine(late.events)
    assert len(mine(early.events)) == 100
    versions = [int(each["object"]["metadata"]["resourceVersion"]) for each in early.events]
    assert versions == sorted(set(versions))
