"""A promotion whose journal is on a disk that really fills up: one story, the right exit code, and a way on once there is room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from modeldeck.domain.operations.exit_code import ExitCode
from tests.conformance.operations.conftest import Shell
from tests.conformance.operations.test_runner import newest, when
from tests.crash.disk import allowed, disk
from tests.crash.script import empty, fill

GONE = "is gone"
UNDONE = "undone"


@pytest.fixture
def journal(shell: Shell, tmp_path: Path) -> Iterator[Path]:
    """The folder of the journal, on a small disk of its own."""
    if not allowed(tmp_path / "may-mount"):
        pytest.skip("this user may not mount a small disk")
    folder = tmp_path / "modeldeck"
    with disk(folder):
        yield folder


def test_on_a_disk_that_is_full_already_nothing_is_begun(shell: Shell, journal: Path) -> None:
    with shell.serving("full-before") as key:
        before = shell.template("full-before")
        fill(journal)
        refused = shell.run("promote", "iris", "2", "--deployment", key, "--yes")
        assert refused.code == ExitCode.UNREACHABLE, refused.err
        assert "disk is full" in refused.err
        assert "free some disk space" in refused.err
        assert shell.template("full-before") == before
        assert shell.mlflow.alias("champion") == "1"
        empty(journal)
        assert shell.run("promote", "iris", "2", "--deployment", key, "--yes").code == 0


@pytest.mark.parametrize("verb", ["resume", "undo"])
def test_a_disk_that_fills_up_on_the_way_leaves_one_story(shell: Shell, journal: Path, verb: str) -> None:
    with shell.serving("full-within", replicas=3) as key:
        process = shell.start("promote", "iris", "2", "--deployment", key, "--yes")
        when(process, "await rollout", "trying")
        fill(journal)
        _, said = process.communicate(timeout=180)
        assert process.returncode == ExitCode.NEEDS_ATTENTION, said
        assert "operations resume" in said
        assert GONE in said
        assert UNDONE not in said
        empty(journal)
        done = shell.run("operations", verb, newest(shell)["id"], "--yes", "--output", "json")
        version = shell.uri("full-within").rpartition("/")[2]
        assert shell.mlflow.alias("champion") == version
        outcome = done.json["outcome"]
        assert outcome == ("done" if version == "2" else "undone"), done.err
        assert version == "1" or verb == "resume"
