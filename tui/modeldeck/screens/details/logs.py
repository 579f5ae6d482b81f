"""Logs of a deployment's pods, following new pods as a rollout brings them."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from modeldeck.domain.failures import Failure, NotFound
from modeldeck.domain.kubernetes.workloads import Pod
from modeldeck.ports import Clock, Cluster
from modeldeck.render.cell import Cell, Line, Role
from modeldeck.screens.shared.framed import FramedScreen
from modeldeck.screens.shared.pane_reader import unread
from modeldeck.widgets.content.state import Live, Loading
from modeldeck.widgets.content.text_view import TextView
from modeldeck.widgets.footer import Footer
from modeldeck.widgets.pane.frame import PaneHead
from modeldeck.widgets.pane.pane import Pane

KEPT = 5000
"""Lines kept in memory, the newest: logs of a night must not eat the machine."""
LOOK_FOR_PODS = 2.0
PAINT_EVERY = 0.1
SERIES: tuple[Role, ...] = ("series-1", "series-2", "series-3", "series-4", "series-5", "series-6")


class LogScreen(FramedScreen[None]):
    """One stream a container; lines of all pods together, each with its pod's last five characters in front."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back", id="logs.leave")]

    def __init__(self, cluster: Cluster, namespace: str, deployment: str, clock: Clock) -> None:
        super().__init__()
        self._cluster = cluster
        self._namespace, self._deployment = namespace, deployment
        self._clock = clock
        self._lines: deque[Line] = deque(maxlen=KEPT)
        self._streams: dict[str, asyncio.Task[None]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._new = False
        self._seen_at: float | None = None

    def compose(self) -> ComposeResult:
        head = PaneHead(title="Logs", detail=f"{self._namespace}/{self._deployment}")
        yield Pane(TextView(follow=True, id="text"), head, Loading(), id="pane")
        yield Footer()

    def on_mount(self) -> None:
        self.query_one("#text").focus()
        self._looking = asyncio.create_task(self._look_for_pods())
        self.set_interval(PAINT_EVERY, self._paint)

    def on_unmount(self) -> None:
        for task in (self._looking, *self._streams.values()):
            if task is not None:
                task.cancel()

    async def _look_for_pods(self) -> None:
        while True:
            pane = self.query_one("#pane", Pane)
            try:
                pods = await self._cluster.pods_of(await self._cluster.deployment(self._namespace, self._deployment))
            except Failure as failure:
                pane.state = unread(failure, self._seen_at, self._clock.now())
            else:
                self._seen_at = self._clock.now()
                pane.state = Live()
                self._follow(pods)
            await self._clock.sleep(LOOK_FOR_PODS)

    def _follow(self, pods: tuple[Pod, ...]) -> None:
        for pod in pods:
            for container in pod.containers:
                # A restarted container is another stream.
                key = f"{pod.name}/{container.name}/{container.restarts}"
                if key not in self._streams and container.state != "waiting":
                    role = SERIES[len(self._streams) % len(SERIES)]
                    self._streams[key] = asyncio.create_task(self._stream(pod.name, container.name, role))

    async def _stream(self, pod: str, container: str, role: Role) -> None:
        front = Cell(f"{pod[-5:]} ", role)
        try:
            async for text in self._cluster.follow_log(self._namespace, pod, container):
                self._lines.append((front, Cell(text)))
                self._new = True
        except NotFound:
            self._say(front, "pod is gone", "muted")
        except Failure as failure:
            self._say(front, str(failure), "warn")
        else:
            self._say(front, "container ended", "muted")

    def _say(self, front: Cell, message: str, role: Role) -> None:
        self._lines.append((front, Cell(f"── {message} ──", role)))
        self._new = True

    def _paint(self) -> None:
        if self._new:
            self._new = False
            self.query_one("#text", TextView).update_lines(tuple(self._lines))

    def action_leave(self) -> None:
        self.dismiss(None)
