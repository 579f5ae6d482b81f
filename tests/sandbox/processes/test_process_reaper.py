"""Nothing that a reaper watches outlives whoever started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from modeldeck.sandbox.processes.process import REAPER, Process, Program
from tests.support.eventually import eventually
from tests.support.processes import lives

# A child, a grandchild in a session of its own, and one that ignores SIGTERM: none of them leaves by itself.
FAMILY = """\
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
family = [subprocess.Popen(["sleep", "600"]), subprocess.Popen(["sleep", "600"], start_new_session=True)]
print(os.getpid(), *(each.pid for each in family), flush=True)
time.sleep(600)
"""

# Ends as soon as its child has been seen.
PARENT = """\
import os, subprocess, sys, time
print(subprocess.Popen(["sleep", "600"], start_new_session=True).pid, flush=True)
while not os.path.exists(sys.argv[1]):
    time.sleep(0.01)
"""


def program(tmp_path: Path, *command: str, grace: float = 0.2, **more: object) -> Program:
    return Program("test", command, dict(os.environ), tmp_path, log=tmp_path / "log", grace=grace, **more)  # type: ignore[arg-type]


async def family_of(process: Process) -> list[psutil.Process]:
    async for line in process.lines():
        return [psutil.Process(int(pid)) for pid in line.split()]
    raise AssertionError("it said nothing")


def gone(processes: list[psutil.Process]) -> bool:
    return not any(lives(each) for each in processes)


async def test_stopping_ends_all_generations(tmp_path: Path) -> None:
    process = await Process.start(program(tmp_path, sys.executable, "-c", FAMILY))
    family = await family_of(process)
    assert len(family) == 3
    assert not gone(family)
    assert await process.stop() == 128 + signal.SIGKILL
    assert gone(family)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands orphans to the nearest subreaper")
async def test_a_program_that_ends_takes_its_orphans_along(tmp_path: Path) -> None:
    process = await Process.start(program(tmp_path, sys.executable, "-c", PARENT, str(tmp_path / "seen")))
    family = await family_of(process)
    assert not gone(family)
    (tmp_path / "seen").touch()
    assert await process.wait() == 0
    assert gone(family)


ALONE = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
STARTER = """\
import asyncio, os, sys
from pathlib import Path
from modeldeck.sandbox.processes.process import Process, Program
async def main():
    process = await Process.start(Program("test", (sys.executable, "-c", sys.argv[1]), dict(os.environ), Path("."), grace=0.2))
    async for line in process.lines():
        print(line, flush=True)
asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
async def test_everything_ends_with_the_starter_however_it_ends(number: int) -> None:
    starter = subprocess.Popen(  # noqa: ASYNC220 — it is to be killed as a console is: without a say of ours
        [sys.executable, "-c", STARTER, FAMILY], stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    family = [psutil.Process(int(pid)) for pid in starter.stdout.readline().split()]
    reapers = psutil.Process(starter.pid).children()
    assert len(family) == 3
    assert len(reapers) == 1
    starter.send_signal(number)
    starter.wait(10)
    starter.stdout.close()
    await eventually(lambda: gone(family + reapers))


@pytest.mark.skipif(sys.platform != "linux", reason="a reaper that is killed can only be noticed with Linux' help")
async def test_a_program_ends_with_its_warden(tmp_path: Path) -> None:
    process = await Process.start(program(tmp_path, sys.executable, "-c", ALONE))
    family = await family_of(process)
    psutil.Process(family[0].ppid()).kill()
    await process.wait()
    await eventually(lambda: gone(family))


@pytest.mark.parametrize(
    ("command", "code"),
    [(("true",), 0), (("sh", "-c", "exit 7"), 7), (("sh", "-c", "kill -SEGV $$"), 128 + signal.SIGSEGV), (("no-such-program",), 127)],
)
async def test_the_exit_code_is_the_programs(tmp_path: Path, command: tuple[str, ...], code: int) -> None:
    process = await Process.start(program(tmp_path, *command))
    assert await process.wait() == code


SHOW = """\
import os
for name in os.listdir("/dev/fd"):
    if int(name) > 2 and os.path.exists(f"/dev/fd/{name}"):
        print(os.path.basename(os.readlink(f"/dev/fd/{name}")))
"""


async def test_the_program_gets_its_descriptors_and_no_others(tmp_path: Path) -> None:
    held, kept = (os.open(tmp_path / name, os.O_CREAT | os.O_RDWR) for name in ("held", "kept"))
    process = await Process.start(program(tmp_path, sys.executable, "-c", SHOW, descriptors=(kept,), held=(held,)))
    names = [line async for line in process.lines()]
    await process.wait()
    os.close(held)
    assert "kept" in names
    assert "held" not in names
    assert not any(name.startswith("pipe:") for name in names)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(kept)


async def test_the_pid_file_names_the_program(tmp_path: Path) -> None:
    process = await Process.start(program(tmp_path, sys.executable, "-c", "import os; print(os.getpid())", pid_file=tmp_path / "pid"))
    said = [line async for line in process.lines()]
    await process.wait()
    assert (tmp_path / "pid").read_text().split() == said


def test_a_warden_is_small() -> None:
    """It runs beside every part for as long as the sandbox does."""
    show = f"import runpy, sys; runpy.run_path({str(REAPER)!r}); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-I", "-S", "-c", show], capture_output=True, text=True, check=True).stdout.split()
    assert not {"subprocess", "asyncio", "threading", "logging", "socket", "json"} & set(loaded)
