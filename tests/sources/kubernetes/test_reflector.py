"""The informer when things break: lists that expire, watches cut, silent or senseless, servers that hang. It recovers by itself."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from modeldeck.domain.failures import Faulty, Malformed, Throttled, TimedOut, Unreachable
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.reading import Reading
from modeldeck.sources.kubernetes import informer as informing
from modeldeck.sources.kubernetes import reflector
from modeldeck.sources.kubernetes.cluster import KubernetesCluster
from modeldeck.sources.kubernetes.informer import Informer
from tests.sources.kubernetes.scripted import CUT, END, HANG, Refuse, Scripted, bookmark, event, item, listed, refused, scripted
from tests.sources.kubernetes.test_informer import Watched
from tests.sources.kubernetes.waiting import until


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reflector, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(reflector, "LONGEST_PAUSE", 0.2)
    monkeypatch.setattr(informing, "PATIENCE", 0.5)


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Scripted]:
    async with scripted(tmp_path) as found:
        yield found


@pytest.fixture
async def watch(api: Scripted) -> AsyncIterator[Callable[..., Watched]]:
    cluster = KubernetesCluster(api.target)
    started: list[Informer] = []

    def begin(**more: Any) -> Watched:
        readings: list[Reading[Fleet]] = []
        made = Informer(cluster, "test", (), readings.append, heartbeat=0.1, **more)
        made.start()
        started.append(made)
        return Watched(made, readings)

    yield begin
    for made in started:
        await made.stop()
    await cluster.aclose()


Begin = Callable[..., Watched]


async def test_an_event_that_says_gone_brings_a_new_list(api: Scripted, watch: Begin) -> None:
    api.lists["deployments"].extend([listed(item("old"), version="5"), listed(item("new"), version="9")])
    seen = watch()
    await until("the first list", lambda: seen.names == ["old"])
    api.events.put_nowait(event("ERROR", refused(410, "Expired")))
    await until("the second list", lambda: seen.names == ["new"])
    await until("watched from there", lambda: api.watches() == ["5", "9"])
    assert {reading.state for reading in seen.readings} == {"live"}


async def test_a_watch_that_is_refused_as_gone_too(api: Scripted, watch: Begin) -> None:
    api.lists["deployments"].extend([listed(item("old"), version="5"), listed(item("new"), version="9")])
    api.refusals.append(Refuse(410))
    seen = watch()
    await until("the second list", lambda: seen.names == ["new"])
    await until("watched from there", lambda: api.watches() == ["5", "9"])


async def test_a_cut_watch_goes_on_from_the_last_bookmark(api: Scripted, watch: Begin) -> None:
    api.lists["deployments"].append(listed(item("a"), version="5"))
    seen = watch()
    for told in (event("ADDED", item("b", "6")), bookmark("70"), event("MODIFIED", item("b", "8"))[:40], CUT):
        api.events.put_nowait(told)
    await until("watched again", lambda: len(api.watches()) == 2)
    assert api.watches() == ["5", "70"]
    assert len(api.requests(limit="500")) == 1
    api.events.put_nowait(event("DELETED", item("a", "71")))
    await until("events again", lambda: seen.names == ["b"])
    assert {reading.state for reading in seen.readings} == {"live"}, "a connection that can be made anew is not worth telling"


async def test_a_watch_that_ends_in_good_order_is_no_failure(api: Scripted, watch: Begin) -> None:
    api.lists["deployments"].append(listed(item("a"), version="5"))
    seen = watch()
    for told in (bookmark("6"), END, bookmark("7"), END):
        api.events.put_nowait(told)
    await until("a third watch", lambda: api.watches() == ["5", "6", "7"])
    assert {reading.state for reading in seen.readings} == {"live"}


@pytest.mark.parametrize(("code", "kind"), [(500, Faulty), (429, Throttled)])
async def test_a_list_that_is_refused_is_asked_for_again(api: Scripted, watch: Begin, code: int, kind: type[Exception]) -> None:
    api.lists["deployments"].extend([Refuse(code), Refuse(code), listed(item("a"))])
    seen = watch()
    await until("live", lambda: seen.names == ["a"] and seen.state == "live")
    first = seen.readings[0]
    assert (first.state, type(first.failure)) == ("unavailable", kind)


async def test_senseless_events_bring_a_new_list(api: Scripted, watch: Begin) -> None:
    api.lists["deployments"].extend([listed(item("a"), version="5"), listed(item("a"), item("b"), version="9")])
    seen = watch()
    await until("the first list", lambda: seen.names == ["a"])
    api.events.put_nowait(b'{"type": "MODIFIED", "object": {"metadata": {"name": 7}}}\n')
    await until("the second list", lambda: seen.names == ["a", "b"] and seen.state == "live")
    failures = [reading.failure for reading in seen.readings if reading.failure]
    assert [type(failure) for failure in failures] in ([Malformed], [])


async def test_an_answer_that_is_no_list(api: Scripted, watch: Begin) -> None:
    api.lists["deployments"].extend([b"<html>login</html>", listed(item("a"))])
    seen = watch()
    await until("live", lambda: seen.names == ["a"] and seen.state == "live")
    assert isinstance(seen.readings[0].failure, Malformed)


async def test_the_first_page_is_shown_before_the_rest(api: Scripted, watch: Begin) -> None:
    api.lists["deployments"].extend([listed(item("a"), version="5", more="x"), HANG])
    seen = watch()
    await until("the first page", lambda: seen.names == ["a"])
    await until("the rest is asked for", lambda: bool(api.requests(**{"continue": "x"})))


async def test_it_is_known_whether_all_lists_were_read_to_their_end(api: Scripted, watch: Begin) -> None:
    api.lists["deployments"].append(listed(item("a"), version="5"))
    api.lists["pods"].extend([listed(version="5", more="x"), HANG])
    seen = watch()
    await until("the rest of the pods is asked for", lambda: bool(api.requests("pods", **{"continue": "x"})))
    await until("the deployments", lambda: seen.names == ["a"])
    assert not any(reading.value and reading.value.whole for reading in seen.readings)
    api.lists["pods"].clear()
    api.cut()
    await until("all is read", lambda: bool(seen.readings[-1].value and seen.readings[-1].value.whole))


async def test_what_may_not_be_read_is_not_waited_for(api: Scripted, watch: Begin) -> None:
    api.lists["deployments"].append(listed(item("a"), version="5"))
    api.lists["pods"].append(Refuse(403))
    seen = watch()
    await until("all is read", lambda: bool(seen.readings and seen.readings[-1].value and seen.readings[-1].value.whole))


async def test_a_list_that_expires_between_its_pages_is_begun_again(api: Scripted, watch: Begin) -> None:
    pages = [
        listed(item("gone"), version="5", more="x"),
        Refuse(410),
        listed(item("a"), version="9", more="y"),
        listed(item("b"), version="9"),
    ]
    api.lists["deployments"].extend(pages)
    seen = watch()
    await until("the whole new list", lambda: seen.names == ["a", "b"])
    await until("watched from there", lambda: api.watches() == ["9"])


async def test_one_kind_that_breaks_leaves_the_others(api: Scripted, watch: Begin) -> None:
    api.lists["deployments"].append(listed(item("a")))
    api.lists["pods"].append(Refuse(500))
    seen = watch()
    await until("told as stale", lambda: seen.state == "stale" and seen.names == ["a"])
    assert isinstance(seen.readings[-1].failure, Faulty)
    api.events.put_nowait(event("ADDED", item("b", "9")))
    await until("the deployments go on", lambda: seen.names == ["a", "b"])


async def test_a_server_that_hangs_and_comes_back(api: Scripted, watch: Begin) -> None:
    api.lists["deployments"].append(listed(item("a"), version="5"))
    seen = watch()
    await until("live", lambda: seen.state == "live" and seen.fleet.whole)
    api.hung = True
    await until("stale", lambda: seen.state == "stale")
    assert isinstance(seen.readings[-1].failure, TimedOut)
    assert seen.names == ["a"]
    api.hung = False
    api.events.put_nowait(event("ADDED", item("b", "6")))
    await until("live by itself", lambda: seen.state == "live" and seen.names == ["a", "b"])


async def test_a_server_that_hangs_from_the_start(api: Scripted, watch: Begin) -> None:
    api.hung = True
    seen = watch()
    await until("unavailable", lambda: seen.state == "unavailable")
    assert isinstance(seen.readings[-1].failure, TimedOut)


async def test_a_watch_that_falls_silent_is_begun_anew(api: Scripted, watch: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reflector, "SILENCE", 0.2)
    api.lists["deployments"].append(listed(item("a"), version="5"))
    watch()
    await until("a second watch", lambda: len(api.watches()) > 1)


async def test_connections_that_are_cut_are_made_anew(api: Scripted, watch: Begin) -> None:
    api.lists["deployments"].append(listed(item("a"), version="5"))
    seen = watch()
    await until("live and heard", lambda: seen.state == "live" and seen.informer.reading.took is not None)
    await until("watched", lambda: len(api.watches()) == 1)
    api.cut()
    await until("watched again", lambda: len(api.watches()) > 1)
    api.events.put_nowait(event("ADDED", item("b", "6")))
    await until("events again", lambda: seen.names == ["a", "b"] and seen.state == "live")


async def test_who_asks_anew_does_not_wait_for_the_pause_after_watches_that_are_ended_at_once(
    api: Scripted, watch: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reflector, "FIRST_PAUSE", 3600.0)
    monkeypatch.setattr(reflector, "LONGEST_PAUSE", 3600.0)
    api.lists["deployments"].append(listed(item("a"), version="5"))
    seen = watch()
    api.events.put_nowait(END)
    await until("the pause", lambda: any(each.kind.plural == "deployments" and each.pausing for each in seen.informer._reflectors()))
    seen.informer.refresh_now()
    api.events.put_nowait(event("ADDED", item("b", "6")))
    await until("what has come since", lambda: seen.names == ["a", "b"])


async def test_each_sign_of_life_renews_the_reading(api: Scripted, watch: Begin) -> None:
    now = 100.0
    api.lists["deployments"].append(listed(item("a"), version="5"))
    seen = watch(now=lambda: now)
    await until("live", lambda: seen.state == "live" and seen.fleet.whole)
    assert seen.readings[0].fetched_at == now
    for now in (200.0, 300.0, 400.0):
        await until("renewed", lambda now=now: seen.informer.reading.fetched_at == now)  # type: ignore[misc]
    assert seen.names == ["a"]


async def test_watches_are_begun_anew_when_the_machine_has_slept(api: Scripted, watch: Begin) -> None:
    """Whatever stands between may have forgotten their connections: nobody tells, and an answer to another question tells nothing of it."""
    slept = 0.0
    api.lists["deployments"].append(listed(item("a"), version="5"))
    seen = watch(boottime=lambda: time.monotonic() + slept)
    await until("live and heard", lambda: seen.state == "live" and seen.informer.reading.took is not None)
    await until("watched", lambda: api.watches() == ["5"])
    slept = 3600.0
    await until("watched again", lambda: api.watches() == ["5", "5"])
    assert {reading.state for reading in seen.readings} == {"live"}


async def test_a_kubeconfig_that_is_mended(api: Scripted, watch: Begin) -> None:
    good = _exchange(api.target.kubeconfig, "a: [")
    seen = watch()
    await until("unavailable", lambda: seen.state == "unavailable")
    assert isinstance(seen.readings[-1].failure, Unreachable)
    _exchange(api.target.kubeconfig, good)
    await until("live by itself", lambda: seen.state == "live")


def _exchange(path: str, text: str) -> str:
    before = Path(path).read_text()
    Path(path).write_text(text)
    return before
