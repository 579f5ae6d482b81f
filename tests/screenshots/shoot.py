"""`python -m tests.screenshots.shoot [--state DIR]`: takes the pictures of README and docs from the real console on a real sandbox.

Brings a sandbox up, lets traffic flow until the charts have something to show, promotes a version, and writes one picture of each of the
screens below beside this file.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import html
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from modeldeck.config import ConfigErrors, Flags, resolve
from modeldeck.operations.common.text import actor, host

HERE = Path(__file__).parent
SIZE = (150, 42)
DECK = (r"champion", r"serving/iris · last", r"\d/\d", r"serving/iris r\d", r"p99 +\d+ ms")
PLAN = (r"Checks", r"Steps", r"(ready to apply|warnings?, and nothing that refuses)")
OPERATION = (r"judge gate", r"[1-9]\d requests", r"p90")
LIVE = (r"↶?v\d", r"requests", r"errors", r"max ● \d", r"memory")
HEATMAP = (r"most ≤ \d", r"errors")
CHANGES = (r"promotion", r"before")
DRIFT = (r"PSI", r"noise")
WALL = (r"serving/iris", r"p99", r"\d ms┤")
"""What must stand on each picture."""
PROMOTED = (r"(done|promoted)",)
TO_IRIS = ("3", "g", "j", "j")
TO_A_GOOD_VERSION = ("2", "g", "j")
"""The newest one is made to be broken."""
PATIENCE = 120.0
"""Seconds until that stands there."""
TRAFFIC = 180.0
"""Seconds of traffic for the charts."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots.shoot", description=__doc__)
    parser.add_argument("--state", type=Path, metavar="DIR", help="the sandbox' state folder, kept; without it a new one")
    given = parser.parse_args()
    if os.environ.get("MLFLOW_TRACKING_URI") and os.environ.get("KUBECONFIG"):
        for name, picture in asyncio.run(shoot()).items():
            (HERE / f"{name}.svg").write_text(picture)
        return 0
    with tempfile.TemporaryDirectory(prefix="modeldeck-shoot-") as folder:
        modeldeck = str(Path(sys.executable).with_name("modeldeck"))
        again = shlex.join([sys.executable, "-m", "tests.screenshots.shoot"])
        return subprocess.run([modeldeck, "sandbox", "--state", str(given.state or folder), "--exec", again], check=False).returncode


async def shoot() -> dict[str, str]:
    os.environ.update(COLORTERM="truecolor", TERM="xterm-256color")  # which Textual reads when it is imported
    from modeldeck.console import Console, Launch

    found = resolve(Flags(), os.environ)
    assert not isinstance(found, ConfigErrors), [str(problem) for problem in found.problems]
    environment = dataclasses.replace(found.environment, name="sandbox")
    console = Console(Launch(environment, (environment.name,), lambda name: environment))
    console.who = "you@box"

    async with console.run_test(size=SIZE) as pilot:

        async def picture(wanted: tuple[str, ...], *keys: str) -> str:
            await pilot.press(*keys)
            deadline = asyncio.get_running_loop().time() + PATIENCE
            while missing := [each for each in wanted if not re.search(each, text(console.export_screenshot()))]:
                assert asyncio.get_running_loop().time() < deadline, f"not on the screen: {missing}"
                await pilot.pause(0.5)
            return of_nobody(without_fonts(console.export_screenshot(title="modeldeck")))

        await asyncio.sleep(TRAFFIC)
        deck = await picture(DECK, *TO_IRIS)
        await picture(DECK, *TO_A_GOOD_VERSION)
        plan = await picture(PLAN, "p")
        operation = await picture(OPERATION, "y")
        await picture(PROMOTED)
        await picture(DECK, "escape", *TO_IRIS)
        live = await picture(LIVE, "4", "enter")
        heatmap = await picture(HEATMAP, "b")
        changes = await picture(CHANGES, "b", "x")
        drift = await picture(DRIFT, "escape", "D", "minus", "minus")
        wall = await picture(WALL, "escape", "escape", "W")
        rest = {"live": live, "heatmap": heatmap, "changes": changes, "drift": drift, "wall": wall}
        return {"deck": deck, "plan": plan, "operation": operation, **rest}


def of_nobody(picture: str) -> str:
    """Taken by you, on a box."""
    return picture.replace(actor(), "you@box").replace(f"on&#160;{host()}", "on&#160;box")


def text(picture: str) -> str:
    """What is written in it: blanks that are no blanks are made some, and colours left out."""
    return html.unescape(re.sub(r"<[^>]*>", "", picture)).replace("\xa0", " ")


def without_fonts(picture: str) -> str:
    """Without the web fonts that Rich links to: a README's picture must not fetch anything, and viewers do not let it."""
    return re.sub(r"@font-face\s*{[^}]*}", "", picture)


if __name__ == "__main__":
    sys.exit(main())
