from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

import pytest

from modeldeck.sandbox.common.files import read_json, write_json
from modeldeck.sandbox.common.state_dir import (
    StateDir,
    StateDirOwner,
    bind,
    exports,
    running,
    take_lock,
    user_name,
    wait_until_free,
    write_owner,
)


@pytest.fixture
def state_dir(tmp_path: Path) -> StateDir:
    return StateDir(tmp_path / "state")


def test_a_state_folder_has_one_owner(state_dir: StateDir) -> None:
    assert running(state_dir) is None
    lock = take_lock(state_dir)
    assert isinstance(lock, int)
    write_owner(lock)
    second = take_lock(state_dir)
    assert isinstance(second, StateDirOwner)
    assert second.pid == os.getpid()
    assert second.alive()
    assert f"process {os.getpid()} of " in second.message()
    assert running(state_dir) == second
    assert not wait_until_free(state_dir, 0.1)
    os.close(lock)
    assert running(state_dir) is None
    assert wait_until_free(state_dir, 0)


def test_two_state_folders_do_not_meet(tmp_path: Path) -> None:
    locks = [take_lock(StateDir(tmp_path / name)) for name in ("one", "two")]
    assert all(isinstance(lock, int) for lock in locks)
    for lock in locks:
        os.close(lock)  # type: ignore[arg-type]


def test_looking_at_a_lock_does_not_take_it(state_dir: StateDir) -> None:
    lock = take_lock(state_dir)
    assert isinstance(lock, int)
    for _ in range(3):
        assert running(state_dir) is not None
    assert isinstance(take_lock(state_dir), StateDirOwner)
    os.close(lock)


def test_the_state_is_private(state_dir: StateDir) -> None:
    state_dir.create()
    assert stat.S_IMODE(state_dir.root.stat().st_mode) == 0o700
    write_json(state_dir.environment, {"MLFLOW_TRACKING_URI": "http://127.0.0.1:1"})
    assert stat.S_IMODE(state_dir.environment.stat().st_mode) == 0o600
    assert read_json(state_dir.environment) == {"MLFLOW_TRACKING_URI": "http://127.0.0.1:1"}
    assert [path.name for path in state_dir.root.iterdir() if path.name.startswith(".")] == []


def test_emptying_keeps_the_lock(state_dir: StateDir) -> None:
    state_dir.create()
    lock = take_lock(state_dir)
    (state_dir.mlflow / "mlflow.db").write_text("x")
    state_dir.environment.write_text("{}")
    state_dir.empty()
    assert [path.name for path in state_dir.root.iterdir()] == ["lock"]
    assert isinstance(take_lock(state_dir), StateDirOwner)
    os.close(lock)  # type: ignore[arg-type]


def test_a_taken_port_is_not_an_error() -> None:
    first = bind(None)
    port = first.getsockname()[1]
    first.listen()
    second = bind(port)
    assert second.getsockname()[1] != port
    first.close()
    second.close()
    third = bind(port)
    assert third.getsockname()[1] == port
    third.close()


def test_only_what_other_programs_read_is_exported() -> None:
    assert exports({"MLFLOW_TRACKING_URI": "a", "KUBECONFIG": "b", "pid": 1, "namespace": "serving"}) == {
        "MLFLOW_TRACKING_URI": "a",
        "KUBECONFIG": "b",
    }


def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    users: dict[str, object] = {}
    monkeypatch.setattr(pwd, "getpwuid", lambda _: users["nobody"])
    assert user_name() == str(os.getuid())
