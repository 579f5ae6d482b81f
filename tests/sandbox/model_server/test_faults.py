from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from modeldeck.sandbox.model_server import faults
from modeldeck.sandbox.model_server.faults import NONE, Faults, Switches, parse


def test_faults_are_those_of_the_deployment_and_its_version() -> None:
    text = json.dumps({"iris": {"latency": 0.3, "errors": 0.05, "drift": 2.0, "version": None}, "wine": {"latency": 1, "version": "7"}})
    assert parse(text, "iris", "3") == Faults(0.3, 0.05, 2.0)
    assert parse(text, "wine", "7") == Faults(latency=1.0)
    assert parse(text, "wine", "6") == NONE
    assert parse(text, "digits", "1") == NONE


@pytest.mark.parametrize("text", ["", "{", "[]", '{"iris": 3}', '{"iris": {"latency": "much", "errors": null, "drift": NaN}}'])
def test_a_file_that_makes_no_sense_switches_nothing_on(text: str) -> None:
    assert parse(text, "iris", "1") == NONE


def test_switches_follow_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "_LOOK_EVERY", 0)
    file = tmp_path / "faults.json"
    switches = Switches(file, "iris", "1")
    assert switches.now() == NONE
    file.write_text('{"iris": {"errors": 1}}')
    assert switches.now() == Faults(errors=1)
    other = tmp_path / "other"
    other.write_text('{"iris": {"errors": 0.5}}')
    os.replace(other, file)
    assert switches.now() == Faults(errors=0.5)
    file.unlink()
    assert switches.now() == NONE
