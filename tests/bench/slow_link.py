"""`python -m tests.bench.slow_link [--rate B/S] [--delay S]`: what is felt over OpenSSH on a slow link, beside k9s.

Brings a sandbox up and measures inside it. The same deployments stand in both programs, more than fit on the screen; times are taken at
this end of the link, bytes are what the programs wrote. k9s is left out where it is neither on PATH nor built.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import itertools
import os
import struct
import sys
import tempfile
import termios
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import programs
from tests.bench.programs import Program, inside_sandbox
from tests.bench.report import Figure, table
from tests.bench.terminal import Replay, Session, session
from tests.support.link import linked
from tests.support.sshd import NoServer, Sshd, script, sshd

FILLERS = 150
"""Deployments without pods, for tables to travel in: a key held for five seconds does not reach the end."""
REPEATS_A_SECOND = 30
"""Of a key that is held."""
PATIENCE = 40.0
"""Seconds for anything to happen."""
STILL = 1.5
"""Seconds without output after which nothing more is to come."""
PLAN = "ready to apply"
STARTS = 3
"""Of which the median by its rows is told: a single one is as fast as the machine happens to be."""
_CONNECTED = b"\x1b]2;connected\x07"


@dataclass(frozen=True, slots=True)
class Peer:
    """A program at the far end. `table`: keys that lead to the table of deployments; `leave`: the key that ends it."""

    program: Program
    table: Sequence[str]
    leave: str


@dataclass(frozen=True, slots=True)
class Road:
    """The way there."""

    server: Sshd
    rate: float
    delay: float
    folder: Path

    @contextlib.contextmanager
    def to(self, program: Program) -> Iterator[Session]:
        """A connection of its own. What the program writes follows a title that says that the connection stands."""
        with linked(("127.0.0.1", self.server.port), self.rate, self.delay) as link:
            told = ["sh", "-c", 'printf "\\033]2;connected\\007"; exec "$@"', "sh", *program.command]
            there = script(self.folder / "far", {**program.environ, "COLORTERM": "truecolor"}, told)
            with session(self.server.client(link.port, f"exec {there}", "-tt"), programs.usual()) as running:
                yield running


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds since the connection stands, as seen from here, and bytes until all is there. None: never."""

    painted: float | None
    rows: float | None
    live: float | None
    written: int


def start(road: Road, program: Program, live: str = "") -> Start:
    with road.to(program) as running:
        settled(running, program, live)
    replay = Replay(running)
    connected = next((chunk.at for chunk in running.chunks if _CONNECTED in chunk.data), 0.0)
    found = {pattern: at - connected for pattern, at in replay.first(program.painted, *program.rows, live).items() if at is not None}
    rows = [found.get(pattern) for pattern in program.rows]
    written = sum(len(chunk.data) for chunk in running.chunks if chunk.at >= connected)
    return Start(found.get(program.painted), None if None in rows else max(map(float, filter(None, rows))), found.get(live), written)


def settled(running: Session, program: Program, live: str = "") -> None:
    """Waits until all stands there and nothing more comes."""
    replay, wanted = Replay(running), [program.painted, *program.rows, *([live] if live else [])]
    while running.now() < PATIENCE and not running.ended and None in replay.first(*wanted).values():
        running.run(0.5)
    running.quiet(STILL, PATIENCE)


def in_table(running: Session, peer: Peer) -> None:
    settled(running, peer.program)
    for key in peer.table:
        running.press(key)
        running.quiet(STILL, PATIENCE)


def held(road: Road, peer: Peer, seconds: float = 5.0) -> float | None:
    """Seconds for which the cursor still travels once the key was let go."""
    assert peer.program.look
    with road.to(peer.program) as running:
        in_table(running, peer)
        until = running.now() + seconds
        while running.now() < until:
            running.press("j")
            running.run(1 / REPEATS_A_SECOND)
        released = running.now()
        running.quiet(STILL, PATIENCE)
    last, before = released, None
    for at, screen in Replay(running).frames():
        seen = peer.program.look(screen)
        if seen != before and at > released:
            last = at
        before = seen
    return last - released


def storm(road: Road, peer: Peer) -> float | None:
    """Seconds from the key that ends it to its end, after 30 sizes in three seconds."""
    with road.to(peer.program) as running:
        settled(running, peer.program)
        for columns, rows in itertools.islice(itertools.cycle([(100, 30), (120, 40)]), 30):
            fcntl.ioctl(running.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            running.run(0.1)
        asked = running.press(peer.leave)
        running.run(PATIENCE)
        return running.now() - asked if running.ended else None


def steps(road: Road, peer: Peer, count: int = 50) -> int:
    """Bytes of so many steps at a quick typist's pace."""
    with road.to(peer.program) as running:
        in_table(running, peer)
        before = running.written
        for _ in range(count):
            running.press("j")
            running.run(0.1)
        running.quiet(STILL, PATIENCE)
        return running.written - before


def resting(road: Road, peer: Peer, seconds: float = 60.0) -> float:
    """Bytes a minute."""
    with road.to(peer.program) as running:
        settled(running, peer.program)
        before = running.written
        running.run(seconds)
        return (running.written - before) * 60 / seconds


def plan(road: Road, program: Program) -> tuple[float | None, int]:
    """Seconds from the key to the whole plan, and the bytes of opening and leaving it."""
    with road.to(program) as running:
        settled(running, program)
        running.press("2")
        running.quiet(STILL, PATIENCE)
        before, asked = running.written, running.press("p")
        replay = Replay(running)
        while running.now() < asked + PATIENCE and replay.first(PLAN)[PLAN] is None and not running.ended:
            running.run(0.5)
        running.press("esc")
        running.quiet(STILL, PATIENCE)
        seen = replay.first(PLAN)[PLAN]
        return None if seen is None else seen - asked, running.written - before


def measured(road: Road, folder: Path) -> list[Figure]:
    kept = programs.console(folder / "kept")
    rows, live = kept.rows[:-1], kept.rows[-1]

    def console(state: Path) -> Peer:
        program = programs.console(state)
        return Peer(Program(program.name, program.command, program.environ, "modeldeck", rows, look=program.look), ("3",), "q")

    ours, firsts = console(folder / "kept"), [console(folder / f"first-{number}") for number in range(STARTS)]
    found = programs.k9s()
    theirs = Peer(found, (), "\x03") if found else None

    def beside(measure: Callable[[Road, Peer], float | None], unit: str) -> str:
        if theirs is None:
            return ""
        value = measure(road, theirs)
        return "k9s –" if value is None else f"k9s {value:.3g} {unit}"

    fresh = sorted((start(road, first.program, live) for first in firsts), key=lambda one: one.rows or PATIENCE)[STARTS // 2]
    again = [start(road, ours.program, live) for _ in range(2)][-1]
    peer = start(road, theirs.program) if theirs else None
    whole, opened = plan(road, ours.program)
    return [
        Figure("j held for 5 s: still moving after release", "s", held(road, ours), 0.8, beside(held, "s")),
        Figure("quit after 30 sizes", "s", storm(road, ours), 1.5, beside(storm, "s")),
        Figure(
            "first paint, a state is kept",
            "s",
            again.painted,
            0.2,
            f"k9s {peer.painted:.3g} s" if peer and peer.painted else "",
        ),
        Figure("rows", "s", fresh.rows, 1.2, f"k9s {peer.rows:.3g} s" if peer and peer.rows else ""),
        Figure("live", "s", fresh.live, 1.5),
        Figure("plan seen whole", "s", whole, 0.8),
        Figure("50 × j", "B", steps(road, ours), 11_000, beside(steps, "B")),
        Figure("idle, a minute", "B", resting(road, ours), 4_000, beside(resting, "B")),
        Figure("start, nothing kept", "B", fresh.written, 12_000, f"k9s {peer.written} B" if peer else ""),
        Figure("start, a state is kept", "B", again.written, 12_000),
        Figure("a plan, opened and left", "B", opened, 11_000),
    ]


@contextlib.contextmanager
def filled() -> Iterator[None]:
    """The fillers stand in the namespace of the kubeconfig's context."""
    from kubernetes import client, config

    config.load_kube_config()
    contexts: Any = config.list_kube_config_contexts()
    namespace = contexts[1]["context"].get("namespace", "default")
    apps = client.AppsV1Api()
    names = [f"zz-filler-{number:03}" for number in range(FILLERS)]
    for name in names:
        apps.create_namespaced_deployment(namespace, _filler(name))
    try:
        yield
    finally:
        for name in names:
            apps.delete_namespaced_deployment(name, namespace)


def _filler(name: str) -> dict[str, object]:
    labels = {"app": name}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "none", "image": "none"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": pod},
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.slow_link", description=__doc__)
    parser.add_argument("--rate", type=float, default=8192.0, metavar="B/S", help="bytes a second towards us")
    parser.add_argument("--delay", type=float, default=0.15, metavar="S", help="seconds each way")
    given = parser.parse_args()
    if any(not os.environ.get(name) for name in programs.BACKENDS):
        return inside_sandbox("tests.bench.slow_link", sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="modeldeck-bench-") as name:
        folder = Path(name)
        (folder / "sshd").mkdir()
        try:
            with sshd(folder / "sshd") as server, filled():
                print(table(measured(Road(server, given.rate, given.delay, folder), folder)))
        except NoServer as missing:
            print(missing, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
