"""The whole console on real wire, while each backend in turn breaks in each way: told in its panes and its dot, and nowhere else."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from textual.pilot import Pilot

from modeldeck.console import Console, Launch
from modeldeck.domain.status.selection import PaneName as P
from modeldeck.sources.http.transport import Timeouts
from modeldeck.sources.kubernetes import informer, reflector
from modeldeck.sources.mlflow import rest
from modeldeck.sources.prometheus import session
from modeldeck.widgets.content.state import Live, Stale, Unavailable
from tests.conformance.clusters import Cluster, running
from tests.support.backends import Broken, behind_proxies, deploy
from tests.support.clocks import Hurried
from tests.support.faulty import FaultyProxy

PATIENCE = 1.5
"""Seconds of silence that are too many for the backend that hangs."""
LATE = 1.0
"""Seconds by which a slow backend is late: in time for all."""

PANES = {"MLflow": (P.RUNS, P.VERSIONS), "Kubernetes": (P.DEPLOYMENTS,), "Prometheus": (P.LIVE,)}
SHOWN = {P.RUNS: "sunny-fox-4", P.VERSIONS: "champion", P.DEPLOYMENTS: "wine", P.LIVE: "p99"}
"""What stands in each pane while its backend is well."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running("simulator", tmp_path_factory.mktemp("simulator")) as found:
        asyncio.run(deploy(found))
        yield found


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses of the informer pass as fast as those of the feeds do on their clock."""
    monkeypatch.setattr(reflector, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(reflector, "LONGEST_PAUSE", 0.3)
    assert informer.Informer.__init__.__kwdefaults__
    monkeypatch.setitem(informer.Informer.__init__.__kwdefaults__, "heartbeat", 0.3)


def lose_patience(monkeypatch: pytest.MonkeyPatch, backend: str) -> None:
    """With this backend only: the others may take their time on a busy machine."""
    if backend == "MLflow":
        monkeypatch.setattr(rest, "TIMEOUTS", Timeouts(connect=10.0, read=PATIENCE, total=60.0))
    elif backend == "Kubernetes":
        monkeypatch.setattr(informer, "PATIENCE", PATIENCE)
    else:
        monkeypatch.setattr(session, "READ", PATIENCE)


@dataclass
class Stage:
    console: Console
    pilot: Pilot[int]
    proxies: dict[str, FaultyProxy]

    @property
    def text(self) -> str:
        strips = self.console.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    @property
    def header(self) -> str:
        return self.text.partition("\n")[0]

    def pane(self, pane: P) -> str:
        """What stands in one pane's cells, its frame included."""
        x, y, width, height = self.console.deck.pane(pane).region
        return "\n".join(line[x : x + width] for line in self.text.splitlines()[y : y + height])

    def states(self, *panes: P) -> set[type]:
        return {type(self.console.deck.pane(pane).state) for pane in panes or P}

    def says(self, pane: P, message: str) -> bool:
        """Whether the words stand in the pane, over several lines where they are long."""
        return message in " ".join(re.sub("[│╭╮╰╯─]", " ", self.pane(pane)).split())

    async def until(self, what: str, condition: Callable[[], object]) -> None:
        try:
            async with asyncio.timeout(30):
                while not condition():
                    await self.pilot.pause(0.02)
        except TimeoutError:
            pytest.fail(f"not in time: {what}\n{self.text}")

    async def well(self) -> None:
        await self.until("all is well", lambda: self.states() == {Live} and all(message in self.pane(p) for p, message in SHOWN.items()))

    async def keys_work(self) -> None:
        """The selection moves, in every table."""
        for pane in (P.RUNS, P.VERSIONS, P.DEPLOYMENTS):
            self.console.deck.pane(pane).focus_content()
            await self.reach(pane, 0, "g")
            await self.reach(pane, 1, "g", "j")

    async def reach(self, pane: P, row: int, *keys: str) -> None:
        """Press keys until the row is selected: a key is heard when the loop comes to it, which on a busy machine is after `press` has
        ended, and a pane that follows another one gets other rows a moment later."""
        table = self.console.deck.table(pane)
        try:
            async with asyncio.timeout(30):
                while table.selected_id not in [table.source.row_id(one) for one in table.rows[row : row + 1]]:
                    await self.pilot.press(*keys)
                    await self.pilot.pause(0.1)
        except TimeoutError:
            pytest.fail(f"{' '.join(keys)} does not lead to row {row} of {pane}\n{self.text}")


@asynccontextmanager
async def staged(broken: Broken) -> AsyncIterator[Stage]:
    console = Console(Launch(broken.environment, ("prod",), lambda name: broken.environment, clock=Hurried(20)))
    async with console.run_test(size=(120, 40)) as pilot:
        yield Stage(console, pilot, dict(broken.proxies))


@pytest.fixture
async def broken(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Broken]:
    for kind in ("STATE", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    async with behind_proxies(cluster, tmp_path) as found:
        yield found


Breaks = Callable[[FaultyProxy], Awaitable[None]]


async def hang(proxy: FaultyProxy) -> None:
    proxy.hang()


async def cut(proxy: FaultyProxy) -> None:
    proxy.cut()


async def garble(proxy: FaultyProxy) -> None:
    proxy.garble()


def answers(status: int) -> Breaks:
    async def breaks(proxy: FaultyProxy) -> None:
        proxy.answer(status, body=b"<html>", headers={"Retry-After": "1"} if status == 429 else {})

    return breaks


@dataclass(frozen=True)
class Fault:
    breaks: Breaks
    message: str
    hint: str
    of_mlflow: tuple[str, str] | None = None
    """(words, hint) where MLflow's are others."""

    def told_of(self, backend: str) -> tuple[str, str]:
        return self.of_mlflow if self.of_mlflow and backend == "MLflow" else (self.message, self.hint)


FAULTS = {
    "stopped": Fault(FaultyProxy.stop, "connection refused", "check that it runs"),
    "hung": Fault(hang, f"no answer within {PATIENCE:g} s", "slow or hung"),
    "500": Fault(answers(500), "500 Internal Server Error", "look at its log"),
    "401": Fault(
        answers(401),
        "401 Unauthorized",
        "log in again, or check the token",
        ("it asks for a login, and none is configured", "set MLFLOW_TRACKING_USERNAME"),
    ),
    "403": Fault(answers(403), "403 Forbidden", "ask for the permission"),
    "429": Fault(answers(429), "429 Too Many Requests", "asked for a pause"),
    "cut": Fault(cut, "the connection was cut before the answer was complete", "check that it runs"),
    "malformed": Fault(garble, "not JSON", "right address"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("backend", PANES)
async def test_one_backend_breaks_while_the_others_live_and_comes_back(
    broken: Broken, backend: str, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fault.breaks is hang:
        lose_patience(monkeypatch, backend)
    async with staged(broken) as stage:
        await stage.well()
        mine = PANES[backend]
        reason, hint = fault.told_of(backend)
        others = [pane for pane in P if pane not in mine]
        await fault.breaks(stage.proxies[backend])
        await stage.until("stale", lambda: stage.states(*mine) == {Stale} and f"◌ {backend} stale" in stage.header)
        for pane in mine:
            state = stage.console.deck.pane(pane).state
            assert isinstance(state, Stale)
            assert reason in state.message
            assert hint in state.hint
            assert "stale" in stage.pane(pane)
            assert stage.says(pane, f"{backend}: {reason}"[:44].rstrip()), "the reason is cut only where there is no room"
            assert SHOWN[pane] in stage.pane(pane), "the last value stays"
        await stage.keys_work()
        asked = {name: proxy.requests for name, proxy in stage.proxies.items()}
        well = [name for name in PANES if name != backend]
        await stage.until("the others are still asked", lambda: all(stage.proxies[name].requests > asked[name] for name in well))
        assert stage.states(*others) == {Live}
        await stage.until("the others' dots", lambda: all(f"● {name}" in stage.header for name in well))
        assert f"● {backend}" not in stage.header
        await stage.proxies[backend].heal()
        await stage.well()
        await stage.until("the dot", lambda: f"● {backend}" in stage.header)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_what_never_answered_is_unavailable_with_its_reason_and_comes_by_itself(
    broken: Broken, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fault.breaks is hang:
        for backend in PANES:
            lose_patience(monkeypatch, backend)
    for proxy in broken.proxies.values():
        await fault.breaks(proxy)
    async with staged(broken) as stage:
        await stage.until("unavailable", lambda: stage.states() == {Unavailable})
        for backend, panes in PANES.items():
            await stage.until(f"{backend}'s dot", lambda name=backend: f"○ {name}" in stage.header)  # type: ignore[misc]
            reason, hint = fault.told_of(backend)
            for pane in panes:
                assert "unavailable" in stage.pane(pane)
                assert stage.says(pane, reason)
                assert stage.says(pane, hint)
        for proxy in broken.proxies.values():
            await proxy.heal()
        await stage.well()


@pytest.mark.parametrize("backend", PANES)
async def test_a_backend_that_is_slow_is_live_all_the_time(broken: Broken, backend: str) -> None:
    async with staged(broken) as stage:
        await stage.well()
        proxy = stage.proxies[backend]
        proxy.slow(LATE)
        asked = proxy.requests
        await stage.until("asked while it is slow", lambda: proxy.requests > asked)
        await stage.keys_work()
        if backend == "Kubernetes":
            # One heartbeat after the other: the second means that the first was answered.
            await stage.until("answered slowly", lambda: proxy.requests > asked + 2)
        else:
            # A reading may take several questions, one after the other.
            await stage.until("told how slow", lambda: re.search(rf"● {backend} [1-9]\d*(\.\d+)? s", stage.header))
        assert stage.states() == {Live}
