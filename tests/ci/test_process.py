"""Commands that outlive their time are ended with everything that they started."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from checks import process

_LEAVES_A_GRANDCHILD = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print(child.pid, flush=True)
"""

_CHECK = """
import sys, time
from pathlib import Path
from checks import process

process.adopt_orphans()
seconds, log, script = float(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
try:
    process.run([sys.executable, "-c", script], log, time.monotonic() + seconds)
except (process.TimeUp, process.Failed) as error:
    print(type(error).__name__)
process.end_descendants()
print("left", process.descendants())
"""


def carried_out(seconds: float, log: Path, script: str) -> list[str]:
    """What a process of its own prints, as it becomes the parent of orphans."""
    path = str(Path(process.__file__).parents[1])
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {path!r})\n{_CHECK}", str(seconds), str(log), script]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()


def test_what_a_command_prints_is_shown_and_kept(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    log = tmp_path / "log"
    process.run([sys.executable, "-c", "print('one')"], log, time.monotonic() + 60)
    process.run([sys.executable, "-c", "import sys; print('two', file=sys.stderr)"], log, time.monotonic() + 60)
    assert log.read_text() == "one\ntwo\n"
    assert capfdbinary.readouterr().out == b"one\ntwo\n"


def test_an_exit_code_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(process.Failed, match="exit code 3"):
        process.run([sys.executable, "-c", "raise SystemExit(3)"], tmp_path / "log", time.monotonic() + 60)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells descendants in /proc")
def test_after_its_time_a_command_is_ended(tmp_path: Path) -> None:
    assert carried_out(0.0, tmp_path / "log", "import time; time.sleep(600)") == ["TimeUp", "left []"]


_WAITS_FOR_AN_ORPHAN = """
import os, subprocess, sys, time
script = "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', '']).pid)"
orphan = int(subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout)
while os.path.exists(f"/proc/{orphan}"):
    time.sleep(0.01)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells descendants in /proc")
def test_an_orphan_that_ends_is_gone(tmp_path: Path) -> None:
    assert carried_out(30.0, tmp_path / "log", _WAITS_FOR_AN_ORPHAN) == ["left []"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells descendants in /proc")
def test_nothing_is_left_of_what_a_command_left_behind(tmp_path: Path) -> None:
    said = carried_out(60.0, tmp_path / "log", _LEAVES_A_GRANDCHILD)
    assert said[-1] == "left []"
    assert said[0].isdigit(), "the command had ended well before"
