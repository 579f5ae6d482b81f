"""Lists: pages of one snapshot, and what a resourceVersion asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.api.kinds import CONFIGMAPS, PODS
from kubesim.api.statuses import ApiError
from kubesim.storage.listing import Lister, Page, scope_of, wish_of
from kubesim.storage.store import Store


def config_map(namespace: str, name: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"namespace": namespace, "name": name, "uid": f"{namespace}-{name}", "labels": labels}}


@pytest.fixture
def store() -> Iterator[Store]:
    made = Store(None)
    for namespace, name, tier in (("n1", "a", "x"), ("n1", "b", "y"), ("n2", "c", "x")):
        made.put(CONFIGMAPS, config_map(namespace, name, tier=tier))
    yield made
    made.close()


def names(page: Page) -> list[str]:
    return [entry.name for entry in page.entries]


def listed(lister: Lister, namespace: str = "", **query: str) -> Page:
    return lister.page(scope_of(CONFIGMAPS, namespace, "", query), query)


def refused(lister: Lister, **query: str) -> ApiError:
    with pytest.raises(ApiError) as error:
        listed(lister, **query)
    return error.value


@given(st.integers(0, 12), st.integers(1, 5))
def test_pages_put_together_are_the_list(number: int, limit: int) -> None:
    store = Store(None)
    for at in range(number):
        store.put(CONFIGMAPS, config_map("n", f"{at:02}"))
    lister, found, token, left = Lister(store), list[str](), "", number
    for _ in range(number + 1):
        page = listed(lister, limit=str(limit), **({"continue": token} if token else {}))
        found, left, token = [*found, *names(page)], left - len(page.entries), page.meta.get("continue", "")
        assert len(page.entries) <= limit
        assert page.meta.get("remainingItemCount", 0) == left
        if not token:
            break
    assert found == [f"{at:02}" for at in range(number)]
    store.close()


def test_later_pages_are_of_the_first_ones_time(store: Store) -> None:
    lister = Lister(store)
    first = listed(lister, limit="1")
    store.put(CONFIGMAPS, config_map("n1", "aa"))
    store.remove(CONFIGMAPS, "n2", "c", config_map("n2", "c"))
    second = listed(lister, limit="5", **{"continue": first.meta["continue"]})
    assert names(second) == ["b", "c"]
    assert second.meta["resourceVersion"] == first.meta["resourceVersion"] != str(store.version)


def test_what_is_selected_and_where(store: Store) -> None:
    lister = Lister(store)
    assert names(listed(lister, "n1")) == ["a", "b"]
    assert names(listed(lister, labelSelector="tier=x")) == ["a", "c"]
    assert names(listed(lister, fieldSelector="metadata.name=b")) == ["b"]
    assert names(lister.page(scope_of(CONFIGMAPS, "", "c", {"labelSelector": "tier=x"}), {})) == ["c"]


def test_a_selected_list_does_not_say_how_many_are_left(store: Store) -> None:
    meta = listed(Lister(store), labelSelector="tier=x", limit="1").meta
    assert "continue" in meta
    assert "remainingItemCount" not in meta


def test_a_token_of_a_snapshot_that_is_gone_is_410_with_a_token_to_go_on_with(store: Store) -> None:
    token = listed(Lister(store), limit="1").meta["continue"]
    other = Lister(store)
    error = refused(other, limit="1", **{"continue": token})
    assert (error.code, error.reason) == (410, "Expired")
    assert error.details
    assert error.details["continue"]


@pytest.mark.parametrize("token", ["x", "eyJ9", "bnVsbA", "e30"])
def test_a_token_that_is_none_is_a_bad_request(store: Store, token: str) -> None:
    assert refused(Lister(store), **{"continue": token}).code == 400


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"resourceVersion": "x"}, 500),
        ({"resourceVersion": "99"}, 504),
        ({"resourceVersion": "1", "resourceVersionMatch": "Exact"}, 410),
        ({"limit": "x"}, 400),
        ({"limit": "-1"}, 400),
    ],
)
def test_what_cannot_be_listed(store: Store, query: dict[str, str], code: int) -> None:
    assert refused(Lister(store), **query).code == code


@pytest.mark.parametrize(
    "query", [{"resourceVersion": "0"}, {"resourceVersion": "1"}, {"resourceVersion": "3", "resourceVersionMatch": "Exact"}]
)
def test_what_is_as_new_as_wanted_is_answered_with_the_newest(store: Store, query: dict[str, str]) -> None:
    page = listed(Lister(store), **query)
    assert (names(page), page.meta) == (["a", "b", "c"], {"resourceVersion": "3"})


@pytest.mark.parametrize(
    ("query", "version", "initial"),
    [
        ({}, None, False),
        ({"resourceVersion": "0"}, None, False),
        ({"resourceVersion": "7"}, 7, False),
        (
            {"resourceVersion": "7", "sendInitialEvents": "true", "allowWatchBookmarks": "true", "resourceVersionMatch": "NotOlderThan"},
            None,
            True,
        ),
    ],
)
def test_where_a_watch_begins(query: dict[str, str], version: int | None, initial: bool) -> None:
    wish = wish_of(query)
    assert (wish.version, wish.initial_end) == (version, initial)


def test_how_long_a_watch_lasts_and_whether_it_has_bookmarks() -> None:
    assert (wish_of({}).timeout, wish_of({}).bookmarks) == (1800.0, False)
    wish = wish_of({"timeoutSeconds": "30", "allowWatchBookmarks": "1"})
    assert (wish.timeout, wish.bookmarks) == (30.0, True)


@pytest.mark.parametrize(
    ("query", "code"),
    [({"resourceVersion": "x"}, 500), ({"sendInitialEvents": "true"}, 422), ({"timeoutSeconds": "soon"}, 400)],
)
def test_what_cannot_be_watched(query: dict[str, str], code: int) -> None:
    with pytest.raises(ApiError) as error:
        wish_of(query)
    assert error.value.code == code


def test_a_field_that_the_kind_does_not_have_is_refused() -> None:
    with pytest.raises(ApiError, match="field label not supported"):
        scope_of(PODS, "", "", {"fieldSelector": "spec.foo=x"})
