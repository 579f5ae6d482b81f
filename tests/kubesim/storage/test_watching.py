"""Watches against a store that changes under them."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import pytest

from kubesim.api.kinds import CONFIGMAPS
from kubesim.api.selectors import Selector, parse_labels
from kubesim.http.rendering import Renderer
from kubesim.storage.store import HISTORY, Store
from kubesim.storage.watching import Hub, Scope, Wish

FOREVER = 30.0


def config_map(name: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"namespace": "n", "name": name, "uid": name, "labels": labels}}


def scope(labels: str = "") -> Scope:
    return Scope(CONFIGMAPS, "n", parse_labels(labels), Selector())


async def collect(hub: Hub, where: Scope, wish: Wish, events: list[dict[str, Any]]) -> None:
    async for chunk in hub.watch(where, wish, Renderer(CONFIGMAPS, "", "").event):
        events.extend(json.loads(line) for line in chunk.splitlines())


@pytest.mark.parametrize("seed", range(8))
async def test_a_reader_that_replays_the_events_sees_the_state(seed: int) -> None:
    """Several watches with different selectors, started at different times, over random changes of random objects."""
    chance = random.Random(seed)
    store = Store(None)
    hub = Hub(store)
    selectors = ["", "l=1", "l!=1", "l in (2,3)"]
    seen: list[list[dict[str, Any]]] = []
    tasks: list[asyncio.Task[None]] = []
    for number in range(120):
        name = chance.choice("abcdef")
        if chance.random() < 0.25 and store.get(CONFIGMAPS, "n", name):
            store.remove(CONFIGMAPS, "n", name, config_map(name))
        else:
            store.put(CONFIGMAPS, config_map(name, l=chance.choice("123")))
        if number % 20 == 0:
            seen.append([])
            start = None if chance.random() < 0.5 else 0
            watch = collect(hub, scope(selectors[len(seen) % 4]), Wish(start, False, False, FOREVER), seen[-1])
            tasks.append(asyncio.create_task(watch))
        if chance.random() < 0.3:
            await asyncio.sleep(0)
    for _ in range(5):
        await asyncio.sleep(0)
    hub.end()
    await asyncio.gather(*tasks)
    for number, events in enumerate(seen, 1):
        state: dict[str, str] = {}
        versions = [int(each["object"]["metadata"]["resourceVersion"]) for each in events]
        for event in events:
            meta = event["object"]["metadata"]
            assert (event["type"] == "ADDED") == (meta["name"] not in state)
            if event["type"] == "DELETED":
                del state[meta["name"]]
            else:
                state[meta["name"]] = meta["resourceVersion"]
        holding = [entry for entry in store.scan(CONFIGMAPS, "n") if scope(selectors[number % 4]).holds(entry)]
        assert state == {entry.name: str(entry.version) for entry in holding}
        assert len(versions) == len(set(versions))
    store.close()


async def test_what_is_forgotten_is_410() -> None:
    store = Store(None)
    hub = Hub(store)
    for number in range(HISTORY + 5):
        store.put(CONFIGMAPS, config_map("a", l=str(number % 3)))
    events: list[dict[str, Any]] = []
    await collect(hub, scope(), Wish(3, False, False, FOREVER), events)
    assert [(each["type"], each["object"]["code"], each["object"]["reason"]) for each in events] == [("ERROR", 410, "Expired")]
    late: list[dict[str, Any]] = []
    await collect(hub, scope(), Wish(HISTORY, False, False, 0.01), late)
    assert len(late) == 5
    store.close()


async def test_a_timeout_ends_a_watch_with_a_bookmark() -> None:
    store = Store(None)
    store.put(CONFIGMAPS, config_map("a"))
    events: list[dict[str, Any]] = []
    await collect(Hub(store), scope(), Wish(1, True, False, 0.01), events)
    assert [(each["type"], each["object"]["metadata"]) for each in events] == [("BOOKMARK", {"resourceVersion": "1"})]
    store.close()


async def test_what_happens_while_the_last_chunk_is_sent_comes_before_the_closing_bookmark() -> None:
    """Whoever goes on from the bookmark would never see it."""
    store = Store(None)
    hub = Hub(store)
    store.put(CONFIGMAPS, config_map("a"))
    watch = hub.watch(scope(), Wish(0, True, False, 0.0), Renderer(CONFIGMAPS, "", "").event)
    told: list[tuple[str, str]] = []
    async for chunk in watch:
        if not told:
            store.put(CONFIGMAPS, config_map("b"))
        events = [json.loads(line) for line in chunk.splitlines()]
        told += [(each["type"], each["object"]["metadata"].get("name", "")) for each in events]
    assert told == [("ADDED", "a"), ("ADDED", "b"), ("BOOKMARK", "")]
    store.close()
