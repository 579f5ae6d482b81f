from __future__ import annotations

import os
import shlex
import signal
from pathlib import Path

import pytest

from modeldeck.sandbox import cli
from modeldeck.sandbox.common.files import read_json, write_json
from modeldeck.sandbox.common.state_dir import StateDir, take_lock, write_owner


@pytest.fixture
def owned(tmp_path: Path) -> StateDir:
    """A state folder that somebody (this process) runs."""
    state_dir = StateDir((tmp_path / "it's here").resolve())
    state_dir.create()
    lock = take_lock(state_dir)
    assert isinstance(lock, int)
    write_owner(lock)
    write_json(state_dir.environment, {"MLFLOW_TRACKING_URI": "http://127.0.0.1:1", "KUBECONFIG": str(state_dir.kubeconfig), "pid": 1})
    return state_dir


@pytest.mark.parametrize("verb", [["env"], ["stop"], ["inject", "--deployment", "iris", "--latency", "1"]])
def test_without_a_running_one_there_is_nothing_to_talk_to(tmp_path: Path, verb: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--state", str(tmp_path / "none"), *verb]) == 6
    out, err = capsys.readouterr()
    assert out == ""
    assert f"none runs in {tmp_path / 'none'}" in err


def test_the_state_may_be_named_before_or_after_the_verb(owned: StateDir, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["env", "--state", str(owned.root)]) == 0
    after = capsys.readouterr().out
    assert cli.main(["--state", str(owned.root), "env"]) == 0
    assert capsys.readouterr().out == after


def test_exports_are_quoted_for_the_shell(owned: StateDir, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["env", "--state", str(owned.root)])
    lines = capsys.readouterr().out.splitlines()
    assert [shlex.split(line) for line in lines] == [
        ["export", "MLFLOW_TRACKING_URI=http://127.0.0.1:1"],
        ["export", f"KUBECONFIG={owned.kubeconfig}"],
    ]


def test_faults_are_switched_on_and_off(owned: StateDir) -> None:
    state = ["--state", str(owned.root)]
    assert cli.main(["inject", *state, "--deployment", "iris", "--latency", "0.3", "--errors", "0.05", "--version", "4"]) == 0
    assert read_json(owned.faults) == {"iris": {"latency": 0.3, "errors": 0.05, "drift": 0.0, "version": "4"}}
    assert cli.main(["inject", *state, "--clear"]) == 0
    assert read_json(owned.faults) == {}


@pytest.mark.parametrize("arguments", [[], ["--deployment", "iris"], ["--latency", "1"], ["--deployment", "iris", "--version", "3"]])
def test_an_injection_of_nothing_is_wrong_usage(owned: StateDir, arguments: list[str]) -> None:
    assert cli.main(["inject", "--state", str(owned.root), *arguments]) == 2
    assert read_json(owned.faults) is None


@pytest.mark.parametrize(
    "arguments", [["--errors", "1.5"], ["--errors", "-0.1"], ["--latency", "soon"], ["--latency", "-1"], ["--drift", "nan"]]
)
def test_impossible_numbers_are_wrong_usage(owned: StateDir, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["inject", "--state", str(owned.root), "--deployment", "iris", *arguments])
    assert end.value.code == 2


def test_a_fresh_start_does_not_take_the_state_from_whoever_runs_it(owned: StateDir, capsys: pytest.CaptureFixture[str]) -> None:
    (owned.mlflow / "mlflow.db").write_text("precious")
    assert cli.main(["--state", str(owned.root), "--fresh", "--exec", "true"]) == 1
    assert f"is run by process {os.getpid()}" in capsys.readouterr().err
    assert (owned.mlflow / "mlflow.db").read_text() == "precious"


def test_a_console_needs_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def never(_: object) -> int:
        raise AssertionError("opened")

    assert cli.main(["--state", str(tmp_path)], never) == 2
    assert "--exec" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_installed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    assert cli.main(["--state", str(tmp_path), "--cluster", "real", "--exec", "true"]) == 6
    assert "needs etcd, kube-apiserver, kube-controller-manager, kube-scheduler" in capfd.readouterr().err


def test_stopping_asks_the_owner(owned: StateDir, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[int, int]] = []
    kill = os.kill
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)) if number else kill(pid, number))
    monkeypatch.setattr(cli, "wait_until_free", lambda *_: True)
    assert cli.main(["stop", "--state", str(owned.root)]) == 0
    assert sent == [(os.getpid(), signal.SIGTERM)]
