"""The runner as a process: of its own session, told through a pipe, and gone by itself where it is not needed. What it does to backends:
tests/conformance/operations."""

from __future__ import annotations

import os
import signal
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from modeldeck.config.handover import handed
from modeldeck.domain.environments import ClusterTarget, Environment, MlflowTarget, Secret
from modeldeck.domain.kubernetes.leases import LockNote
from modeldeck.operations.common.liveness import birth, holder_is_dead, process_lives
from modeldeck.operations.common.text import host
from modeldeck.operations.journal.follow import RunnerFailure
from modeldeck.operations.journal.journal import SqliteJournal
from modeldeck.operations.runner.launch import Launched, launch
from modeldeck.operations.runner.runner import Order, Verb
from tests.support.processes import gone_pid, lives

TOKEN = "s3cret-t0ken"


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    mlflow = MlflowTarget("http://127.0.0.1:9", token=Secret(TOKEN))
    return Environment("test", mlflow, ClusterTarget(str(tmp_path / "none")), None, journal=str(tmp_path / "journal.sqlite"))


@pytest.fixture
def runner(environment: Environment, tmp_path: Path) -> Launched:
    return launch(handed(environment), tmp_path)


def wait(runner: Launched) -> psutil.Process:
    process = psutil.Process(runner.pid)
    process.wait(60)
    assert runner.ended()
    return process


def test_it_has_a_session_of_its_own_and_tells_nobody_its_secrets(runner: Launched) -> None:
    try:
        assert os.getsid(runner.pid) == runner.pid
        process = psutil.Process(runner.pid)
        while not process.cmdline():  # between its exec and its arguments there is an instant without any
            assert process.is_running()
        assert process.cmdline()[-3:] == ["-m", "modeldeck", "runner"]
        assert TOKEN not in " ".join(process.cmdline())
        assert stat.S_IMODE(runner.log.stat().st_mode) == 0o600
    finally:
        runner.discard()
    wait(runner)
    assert runner.last_words() == ""


def test_without_an_order_it_ends_by_itself(runner: Launched) -> None:
    runner.discard()
    wait(runner)


def test_one_that_is_gone_cannot_be_told_anything(runner: Launched) -> None:
    os.kill(runner.pid, signal.SIGKILL)
    wait(runner)
    with pytest.raises(RunnerFailure, match="has ended already"):
        runner.go(Order(Verb.EXECUTE, "op"))


def test_an_order_that_is_not_for_it_is_told_in_its_log(runner: Launched) -> None:
    runner.go(Order(Verb.EXECUTE, "20260101-000000-beef"))
    wait(runner)
    assert "no operation 20260101-000000-beef" in runner.last_words()
    assert TOKEN not in runner.last_words()


def test_what_is_no_environment_ends_it(tmp_path: Path) -> None:
    runner = launch(b'{"password": "hunter2"}', tmp_path)
    wait(runner)
    assert "not an environment" in runner.last_words()
    assert "hunter2" not in runner.last_words()


def test_where_its_log_cannot_be_written_nothing_is_started(tmp_path: Path) -> None:
    (tmp_path / "runners").write_text("in the way")
    with pytest.raises(RunnerFailure, match="its log cannot be written"):
        launch(b"{}", tmp_path)


def test_only_the_newest_logs_are_kept(environment: Environment, tmp_path: Path) -> None:
    folder = tmp_path / "runners"
    folder.mkdir()
    for number in range(60):
        (folder / f"{number}.log").write_text("")
        os.utime(folder / f"{number}.log", (number, number))
    launch(handed(environment), tmp_path).discard()
    assert len(list(folder.glob("*.log"))) == 51
    assert not (folder / "9.log").exists()


def test_a_process_is_told_from_a_later_one_of_its_number() -> None:
    mine = os.getpid()
    assert process_lives(mine)
    assert process_lives(mine, birth(mine))
    assert not process_lives(mine, "another-time")
    assert not process_lives(gone_pid())
    assert lives(psutil.Process(mine))


def test_a_lock_is_only_known_to_be_dead_on_its_own_machine() -> None:
    gone = LockNote("op", pid=gone_pid(), host=host(), birth="then")
    assert holder_is_dead(gone)
    assert not holder_is_dead(LockNote("op", pid=gone.pid, host="elsewhere", birth="then"))
    assert not holder_is_dead(LockNote("op", pid=os.getpid(), host=host(), birth=birth(os.getpid())))
    assert not holder_is_dead(LockNote("op", pid=gone.pid, host=host()))


def test_a_team_shares_a_journal_in_a_folder_of_its_group(tmp_path: Path) -> None:
    private, shared = tmp_path / "private", tmp_path / "shared"
    for folder, mode in ((private, 0o700), (shared, 0o2770)):
        folder.mkdir()
        folder.chmod(mode)
        journal = SqliteJournal(folder / "journal.sqlite")
        journal.append("op", "log", {"message": "hello"})
        wanted = 0o660 if folder is shared else 0o600
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {wanted}
        journal.close()


def as_user(uid: int, gid: int, work: Callable[[], None]) -> int:
    """Its exit code: 0 where `work` raised nothing."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgroups([gid])
            os.setgid(uid)
            os.setuid(uid)
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.fixture
def shared_place() -> Iterator[Path]:
    """A folder that everybody may enter. pytest's own are closed to others again by each run that begins."""
    with tempfile.TemporaryDirectory(prefix="modeldeck-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two other users")
def test_two_users_write_one_journal_and_a_third_can_neither_read_nor_write(shared_place: Path) -> None:
    ann, bob, eve, team = 64001, 64002, 64003, 64010
    folder = shared_place / "shared"
    folder.mkdir()
    os.chown(folder, 0, team)
    folder.chmod(0o2770)
    path = folder / "journal.sqlite"

    def append(message: str) -> Callable[[], None]:
        return lambda: SqliteJournal(path).append("op", "log", {"message": message})

    assert as_user(ann, team, append("ann was here")) == 0
    assert as_user(bob, team, append("bob was here")) == 0
    assert as_user(ann, team, append("ann again")) == 0
    assert as_user(eve, eve, append("eve")) != 0
    found = [entry.message for entry in SqliteJournal(path).entries("op")]
    assert found == ["ann was here", "bob was here", "ann again"]
