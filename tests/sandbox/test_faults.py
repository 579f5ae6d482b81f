"""What `inject` writes has to be what the model servers read."""

from __future__ import annotations

from pathlib import Path

import pytest
from modeldeck.sandbox.faults import Fault, clear, inject
from modeldeck.sandbox.layout import Layout
from modeldeck.sandbox.modelserver.faults import NONE, Faults, parse


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path)
    made.create()
    return made


def in_force(layout: Layout, deployment: str, version: str = "3") -> Faults:
    return parse(layout.faults.read_text(), deployment, version)


def test_servers_read_what_is_injected(layout: Layout) -> None:
    inject(layout, "iris", Fault(latency=0.3, errors=0.05, drift=2.0))
    assert in_force(layout, "iris") == Faults(0.3, 0.05, 2.0)
    assert in_force(layout, "wine") == NONE


def test_a_version_limits_a_fault_to_its_pods(layout: Layout) -> None:
    inject(layout, "iris", Fault(errors=1.0, version="4"))
    assert in_force(layout, "iris", "4").errors == 1.0
    assert in_force(layout, "iris", "3") == NONE


def test_faults_are_cleared_one_by_one_or_all(layout: Layout) -> None:
    clear(layout, "iris")
    inject(layout, "iris", Fault(latency=1))
    inject(layout, "wine", Fault(latency=2))
    inject(layout, "iris", Fault(drift=1))
    assert in_force(layout, "iris") == Faults(drift=1.0)
    clear(layout, "iris")
    assert in_force(layout, "iris") == NONE
    assert in_force(layout, "wine").latency == 2
    clear(layout)
    assert layout.faults.read_text() == "{}"


def test_words_say_what_is_wrong() -> None:
    assert Fault(0.3, 0.05, 2.0, "4").words() == "latency +0.3 s, errors 5%, drift 2 σ on v4"
    assert Fault().words() == "nothing"
