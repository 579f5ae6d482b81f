"""What is measured: our console, the least Textual app, and k9s where it is installed."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyte

from tests.bench import minimal_app
from tests.bench.k9s.build import binary
from tests.bench.terminal import Look


def usual() -> dict[str, str]:
    """The environment without what tells Python not to keep compiled modules: whoever uses a program has them."""
    return {
        name: value for name, value in os.environ.items() if name not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPROFILEIMPORTTIME", "NO_COLOR")
    }


BACKENDS = ("MLFLOW_TRACKING_URI", "KUBECONFIG", "PROMETHEUS_URL")


def inside_sandbox(module: str, arguments: Sequence[str], state: Path | None = None) -> int:
    """Runs a module inside a sandbox of its own, whose state folder is kept where it is named."""
    with tempfile.TemporaryDirectory(prefix="modeldeck-bench-") as folder:
        modeldeck = str(Path(sys.executable).with_name("modeldeck"))
        command = [modeldeck, "sandbox", "--state", str(state or folder), "--exec", shlex.join([sys.executable, "-m", module, *arguments])]
        return subprocess.run(command, check=False).returncode


@dataclass(frozen=True, slots=True)
class Program:
    """`painted`: a first sign of life on the screen. `rows`: what stands there once live data does, one pattern a pane. `age`: how a last
    known state is marked. `walk`: keys that move its cursor to and fro. `look`: what such a key changes."""

    name: str
    command: Sequence[str]
    environ: Mapping[str, str]
    painted: str = r"\S"
    rows: Sequence[str] = ()
    age: str = ""
    walk: Sequence[str] = ()
    look: Look | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    size: tuple[int, int] = (120, 40)


def where_the_cursor_is(screen: pyte.Screen) -> Hashable:
    """The lines under a cursor bar, and the first words of what stands there: moving the bar or the rows below it changes them, new values
    in other columns do not."""
    bars: list[Hashable] = []
    for x in (5, screen.columns // 2 + 5):
        grounds = [(screen.buffer[y][x].bg, screen.buffer[y][x].reverse) for y in range(screen.lines)]
        usual = max(set(grounds), key=grounds.count)
        bars.extend((y, screen.display[y][x - 3 : x + 12]) for y, ground in enumerate(grounds) if ground != usual)
    return tuple(bars)


def what_it_counts(screen: pyte.Screen) -> Hashable:
    return screen.display[0].strip()


def console(state: Path, name: str = "modeldeck") -> Program:
    """Our console on the backends of the environment, with a state folder of its own."""
    command = [str(Path(sys.executable).with_name("modeldeck"))]
    environ = {**usual(), **{f"XDG_{kind}_HOME": str(state / kind.lower()) for kind in ("STATE", "CONFIG", "CACHE")}}
    return Program(
        name,
        command,
        environ,
        rows=(r"✔\s+\d\.\d", r"champion", r"\d/\d\s+v\d", r"p99 \d+(\.\d+)? m?s"),
        age=r"as of|ago|old",
        walk=("j",) * 8 + ("k",) * 8,
        look=where_the_cursor_is,
    )


def wall(state: Path, environ: Mapping[str, str]) -> Program:
    """All deployments of one namespace, on a screen that holds 100 of them; drawn when names, figures and charts stand there."""
    found = console(state, "wall")
    command = [*found.command, "--namespace", "serving", "watch"]
    rows = (r"model-\d", r"\d ms", "[▁-█]{4}|┤")
    return replace(found, command=command, environ={**found.environ, **environ}, rows=rows, age="", walk=(), look=None, size=(200, 50))


def minimal() -> Program:
    command = [sys.executable, str(Path(minimal_app.__file__))]
    return Program("minimal Textual app", command, usual(), r"minimal 0", walk=("j", "k"), look=what_it_counts)


def k9s(namespace: str = "serving") -> Program | None:
    """None where k9s is neither on PATH nor built. Its state is the user's own: it starts as it always does for whoever uses it."""
    found = binary()
    if not found:
        return None
    command = [str(found), "--command", "deployments", "--namespace", namespace, "--logoless", "--splashless"]
    return Program("k9s", command, usual(), rows=(r"iris\s.*\d/\d",), walk=("j",) * 3 + ("k",) * 3, look=where_the_cursor_is)
