"""`python -m tests.bench [--quick] [--json FILE]`: what the console costs, measured from outside, beside k9s and a minimal Textual app.

Runs against the backends that MLFLOW_TRACKING_URI, KUBECONFIG and PROMETHEUS_URL name; where they are not set, brings a sandbox up first
and measures inside it. Repeats are interleaved between the programs, so that a busy moment of the machine meets all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import psutil

from tests.bench import charts, fleet, measures, operations, programs
from tests.bench.programs import Program
from tests.bench.report import Figure, as_json, table

WALL_OF, WALL_IDLE = 100, 15.0
"""Deployments, and seconds of rest in which it asks once; four times as many where there is time."""
GROWTH_FROM = 13.0
"""Minutes of watching from which the memory's growth is judged: in less, what fills at the beginning has not filled."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="3 starts, 40 keys, 20 s idle instead of 7, 200, 60 s")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    message = f"watch the memory for so long (its goal is set for 10; from {GROWTH_FROM:g} on its growth is judged, too)"
    parser.add_argument("--minutes", type=float, default=0.0, help=message)
    parser.add_argument("--state", type=Path, metavar="DIR", help="the sandbox' state folder, kept; without it a new one each time")
    return parser.parse_args()


def starts(given: argparse.Namespace, state: Path) -> list[Figure]:
    """First paint, rows, and the last known state, over interleaved repeats."""
    repeats = 3 if given.quick else 7
    fresh = [programs.console(state / f"fresh-{number}", "first start") for number in range(repeats)]
    again, least, peer = programs.console(state / "again", "later start"), programs.minimal(), programs.k9s()
    measures.start(again)  # leaves the picture that later starts begin with
    found: dict[str, list[measures.Start]] = {}
    for number in range(repeats):
        for program in (least, fresh[number], again, peer):
            if program:
                found.setdefault(program.name, []).append(measures.start(program))

    def of(program: Program | None, figure: str) -> float | None:
        return measures.median([getattr(each, figure) for each in found[program.name]]) if program else None

    least_paint = of(least, "first_paint")
    beside_paint = _beside((least.name, least_paint), ("k9s", of(peer, "first_paint")))
    return [
        Figure("first paint, first start", "s", of(fresh[0], "first_paint"), least_paint and 1.25 * least_paint, beside_paint),
        Figure("first paint, later start", "s", of(again, "first_paint"), least_paint and 1.25 * least_paint, beside_paint),
        Figure(
            "rows of all four panes, first start",
            "s",
            of(fresh[0], "rows"),
            _least(1.2, of(peer, "rows")),
            _beside(("k9s", of(peer, "rows"))),
            _spent(of(fresh[0], "processor"), of(least, "processor")),
        ),
        Figure("last known state with its age", "s", of(again, "aged"), 0.2),
    ]


def _least(*values: float | None) -> float:
    return min(value for value in values if value is not None)


def _spent(ours: float | None, least: float | None) -> str:
    """Processor time tells on a busy machine what the clock cannot."""
    return f"of it {ours:.2f} s on the processor (minimal app, to its first paint: {least:.2f} s)" if ours and least else ""


def _beside(*pairs: tuple[str, float | None]) -> str:
    return ", ".join(f"{name} {value:.3g} s" for name, value in pairs if value is not None)


def typing(given: argparse.Namespace, state: Path) -> list[Figure]:
    count = 40 if given.quick else 200
    ours, least = measures.keys(programs.console(state / "keys"), count), measures.keys(programs.minimal(), count)
    peer = programs.k9s()
    theirs = measures.keys(peer, count) if peer else None
    figures = []
    for name, goal in (("p50", 15.0), ("p99", 50.0)):
        value = getattr(ours, name)
        others = [("minimal", getattr(least, name)), ("k9s", getattr(theirs, name) if theirs else None)]
        beside = ", ".join(f"{who} {1000 * each:.3g} ms" for who, each in others if each is not None)
        note = f"{ours.lost} of {ours.pressed} keys without an answer" if name == "p50" and ours.lost else ""
        figures.append(Figure(f"key → paint, {name} of {count}", "ms", None if value is None else 1000 * value, goal, beside, note))
    return figures


def resting(given: argparse.Namespace, state: Path) -> list[Figure]:
    seconds = max(20.0 if given.quick else 60.0, 60 * given.minutes)
    ours = measures.idle(programs.console(state / "idle"), seconds)
    peer = programs.k9s()
    theirs = measures.idle(peer, min(seconds, 60.0)) if peer else None
    return [
        Figure("idle, share of one core", "%", 100 * ours.processor, 2.0, f"k9s {100 * theirs.processor:.2g} %" if theirs else ""),
        Figure("idle, to the terminal", "B/s", ours.bytes_per_second, 1024, f"k9s {theirs.bytes_per_second:.3g} B/s" if theirs else ""),
        *remembering(ours, theirs, seconds / 60),
    ]


def remembering(ours: measures.Idle, theirs: measures.Idle | None, minutes: float) -> list[Figure]:
    (_, resident), beside = ours.memory[-1], f"k9s {theirs.memory[-1][1]:.3g} MB" if theirs else ""
    level = Figure(f"memory after {minutes:.2g} min", "MB", resident, 120, beside)
    return [level, Figure("memory growth at the end", "MB/min", ours.growth, 0.02)] if minutes >= GROWTH_FROM else [level]


def live_screen(given: argparse.Namespace, state: Path) -> list[Figure]:
    """`4` and enter open it."""
    ours = measures.idle(programs.console(state / "live"), 6.0 if given.quick else 60.0, ("4", "enter"))
    drawn = charts.repaint(10 if given.quick else 50)
    return [
        Figure(f"live screen, {charts.CHARTS} charts of 3 × {charts.POINTS} points repainted", "ms", 1000 * drawn, 30.0),
        Figure("live screen idle, share of one core", "%", 100 * ours.processor, 2.0),
        Figure("live screen idle, to the terminal", "B/s", ours.bytes_per_second, 1024),
    ]


def wall(given: argparse.Namespace, state: Path) -> list[Figure]:
    """On deployments that nobody runs: what is measured is the console alone."""
    with fleet.fleet(state / "fleet", WALL_OF) as environ:
        program = programs.wall(state / "wall", environ)
        first, ours = measures.start_and_rest(program, WALL_IDLE if given.quick else 4 * WALL_IDLE)
        asked = fleet.asked(environ)
    name, spent = f"wall of {WALL_OF}", f"of it {first.processor:.2f} s on the processor" if first.processor else ""
    return [
        Figure(f"{name}, first picture with charts", "s", first.rows, 1.5, note=spent),
        Figure(f"{name}, questions to Prometheus", "", asked, note=f"from its start on, over {ours.memory[-1][0]:.0f} s of rest"),
        Figure(f"{name} idle, share of one core", "%", 100 * ours.processor, 3.0),
        Figure(f"{name} idle, to the terminal", "B/s", ours.bytes_per_second, 1024),
    ]


def command_line(given: argparse.Namespace, state: Path) -> list[Figure]:
    console = programs.console(state / "status")
    seconds, trouble = measures.whole_process(
        [*console.command, "status", "--output", "json"], dict(console.environ), 3 if given.quick else 7
    )
    return [Figure("modeldeck status --output json", "s", seconds, 1.0, note=trouble)]


def carrying_out(given: argparse.Namespace, state: Path) -> list[Figure]:
    """Only in a sandbox of our own: it promotes."""
    if not os.environ.get("MODELDECK_GATE"):
        return []
    cost = operations.measured({**os.environ, "XDG_STATE_HOME": str(state / "operations")}, times=1 if given.quick else 3)
    return [
        Figure("promote: consent → patch accepted", "s", cost.to_patch, 0.5),
        Figure("promote: own time beyond the rollout", "s", cost.own, 1.0),
        Figure("operations attach → present state", "s", cost.attach, 0.3),
        Figure("memory of the runner", "MB", cost.memory, 60),
    ]


def main() -> int:
    given = arguments()
    if any(not os.environ.get(name) for name in programs.BACKENDS):
        return programs.inside_sandbox("tests.bench", sys.argv[1:], given.state)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="modeldeck-bench-") as folder:
        for part in (starts, typing, resting, live_screen, wall, command_line, carrying_out):
            figures.extend(part(given, Path(folder)))
    circumstances: dict[str, object] = {
        "python": platform.python_version(),
        "textual": version("textual"),
        "cores": psutil.cpu_count(),
        "load": round(psutil.getloadavg()[0], 2),
    }
    print(table(figures))
    print(", ".join(f"{name} {value}" for name, value in circumstances.items()))
    if given.json:
        given.json.write_text(json.dumps(as_json(figures, circumstances), indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
