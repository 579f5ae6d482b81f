"""`modeldeck history`: own moves and those of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from modeldeck.domain.failures import Unreachable
from tests.cli.conftest import Shell
from tests.support.fakes.clock import FakeClock


def later(shell: Shell, seconds: float) -> None:
    assert isinstance(shell.fake.clock, FakeClock)
    shell.fake.clock.at += seconds


def test_history_tells_own_moves_and_those_of_others(shell: Shell) -> None:
    shell("promote", "iris", "2", "--deployment", "serving/iris", "--yes", "--reason", "better")
    later(shell, 7200)
    shell.fake.cluster.set_env("serving/iris", "MODEL_URI", "models:/iris/3")
    shell.fake.cluster.roll_out("serving/iris")
    entries = shell("history", "iris", "-o", "json").json["entries"]
    assert [(one["kind"], one["from_version"], one["to_version"], one["actor"], one["source"]) for one in entries] == [
        ("move", "2", "3", "kubectl-set", "cluster"),
        ("promote", "1", "2", entries[1]["actor"], "journal"),
    ]
    assert entries[1]["actor"]
    assert entries[1]["reason"] == "better"
    text = shell("history").out
    assert "better" in text
    assert shell("history", "wine").out.strip() == "nothing is known to have been moved"


def test_history_tells_an_alias_that_somebody_else_moved_and_ours_once(shell: Shell) -> None:
    shell("promote", "iris", "2", "--deployment", "serving/iris", "--yes")
    later(shell, 7200)
    assert shell("status").code == 0
    shell.fake.registry.aliases["iris"]["champion"] = "3"
    later(shell, 100)
    assert shell("status").code == 0
    shell.fake.registry.aliases["iris"].pop("champion")
    later(shell, 100)
    entries = shell("history", "serving/iris", "-o", "json").json["entries"]
    assert [(one["kind"], one["from_version"], one["to_version"], one["source"]) for one in entries] == [
        ("move", "3", None, "registry"),
        ("move", "2", "3", "registry"),
        ("promote", "1", "2", "journal"),
    ]
    assert (entries[0]["actor"], entries[0]["namespace"], entries[0]["deployment"], entries[0]["deployments"]) == (None, None, None, [])
    assert (entries[1]["alias"], entries[1]["state"], entries[1]["outcome"], entries[1]["reason"]) == ("champion", "ended", "done", None)
    assert entries[1]["finished_at"] == entries[0]["started_at"]
    assert len({one["id"] for one in entries}) == 3
    first = shell("history").out.splitlines()[1]
    assert "iris@champion" in first
    assert "nothing" in first
    assert "by no operation known here" in first


def test_history_without_a_journal_to_write_says_so(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no database " * 100)
    monkeypatch.setenv("MODELDECK_JOURNAL", str(tmp_path / "file"))
    assert shell("status").code == 0
    said = shell("history")
    assert said.code == 0
    assert "what others did to aliases is missing" in said.err


def test_history_goes_on_without_the_cluster(shell: Shell) -> None:
    shell("promote", "iris", "2", "--deployment", "serving/iris", "--yes")
    shell.fake.traps.fail("fleet", Unreachable("connection refused", backend="Kubernetes"))
    said = shell("history", "-o", "json")
    assert said.code == 0
    assert len(said.json["entries"]) == 1
    assert "its part of the history is missing" in said.err
