"""What `inject` writes has to be what the model servers read."""

from __future__ import annotations

from pathlib import Path

import pytest

from modeldeck.sandbox.common.state_dir import StateDir
from modeldeck.sandbox.deployments.faults import Fault, clear, inject
from modeldeck.sandbox.model_server.faults import NONE, Faults, parse


@pytest.fixture
def state_dir(tmp_path: Path) -> StateDir:
    made = StateDir(tmp_path)
    made.create()
    return made


def in_force(state_dir: StateDir, deployment: str, version: str = "3") -> Faults:
    return parse(state_dir.faults.read_text(), deployment, version)


def test_servers_read_what_is_injected(state_dir: StateDir) -> None:
    inject(state_dir, "iris", Fault(latency=0.3, errors=0.05, drift=2.0))
    assert in_force(state_dir, "iris") == Faults(0.3, 0.05, 2.0)
    assert in_force(state_dir, "wine") == NONE


def test_a_version_limits_a_fault_to_its_pods(state_dir: StateDir) -> None:
    inject(state_dir, "iris", Fault(errors=1.0, version="4"))
    assert in_force(state_dir, "iris", "4").errors == 1.0
    assert in_force(state_dir, "iris", "3") == NONE


def test_faults_are_cleared_one_by_one_or_all(state_dir: StateDir) -> None:
    clear(state_dir, "iris")
    inject(state_dir, "iris", Fault(latency=1))
    inject(state_dir, "wine", Fault(latency=2))
    inject(state_dir, "iris", Fault(drift=1))
    assert in_force(state_dir, "iris") == Faults(drift=1.0)
    clear(state_dir, "iris")
    assert in_force(state_dir, "iris") == NONE
    assert in_force(state_dir, "wine").latency == 2
    clear(state_dir)
    assert state_dir.faults.read_text() == "{}"


def test_words_say_what_is_wrong() -> None:
    assert Fault(0.3, 0.05, 2.0, "4").message() == "latency +0.3 s, errors 5%, drift 2 σ on v4"
    assert Fault().message() == "nothing"
