"""Where a roll-back goes, and when it is refused."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.conformance.operations.conftest import Shell


@pytest.fixture
def fourth(shell: Shell) -> str:
    """A further version that serves what version 1 does."""
    made = shell.run("register", shell.mlflow.run_of("1"), "--model", "iris", "--output", "json")
    assert made.code == 0, made.err
    return str(made.json["version"])


@contextlib.contextmanager
def without_artifacts(shell: Shell, version: str) -> Iterator[None]:
    """Somebody has cleaned the artifact store up. Its folder is put back at the end."""
    client = MlflowClient(tracking_uri=shell.mlflow.url, registry_uri=shell.mlflow.url)
    folder = Path(client.get_model_version_download_uri("iris", version).removeprefix("file://"))
    away = folder.rename(folder.with_name(folder.name + ".away"))
    try:
        yield
    finally:
        away.rename(folder)


def promote(shell: Shell, version: str, key: str) -> None:
    said = shell.run("promote", "iris", version, "--deployment", key, "--yes", "--output", "json")
    assert said.code == 0, said.err


def by_hand(shell: Shell, name: str, version: str) -> None:
    shell.cluster.kubectl("set", "env", f"deployment/{name}", f"MODEL_URI=models:/iris/{version}")
    shell.cluster.kubectl("rollout", "status", f"deployment/{name}", "--timeout=60s")


def rolled_back(shell: Shell, key: str) -> tuple[str, str]:
    said = shell.run("rollback", key, "--yes", "--output", "json")
    assert said.code == 0, said.err
    return said.json["from_version"], said.json["to_version"]


def test_twice_in_a_row_it_goes_further_back_and_then_nowhere(shell: Shell, fourth: str) -> None:
    with shell.serving("further") as key:
        promote(shell, "2", key)
        promote(shell, fourth, key)
        assert rolled_back(shell, key) == (fourth, "2")
        assert rolled_back(shell, key) == ("2", "1")
        refused = shell.run("rollback", key, "--yes", "--output", "json")
        assert refused.code == 3, (refused.out, refused.err, shell.run("history", key).out)
        assert refused.json["error"]["code"] == "no_target"
        assert shell.uri("further") == "models:/iris/1"
        assert shell.mlflow.alias("champion") == "1"


def test_the_old_artifact_is_gone(shell: Shell) -> None:
    with shell.serving("cleaned") as key, without_artifacts(shell, "1"):
        promote(shell, "2", key)
        refused = shell.run("rollback", key, "--yes", "--output", "json")
        assert refused.code == 3, refused.err
        assert refused.json["error"]["code"] == "refused"
        assert "its artifacts are gone" in refused.json["error"]["message"]
        assert refused.json["error"]["hint"] == "register it anew"
        assert shell.uri("cleaned") == "models:/iris/2"
        assert shell.mlflow.alias("champion") == "2"


def test_one_that_others_promoted_again_is_good_again(shell: Shell, fourth: str) -> None:
    with shell.serving("again") as key:
        promote(shell, "2", key)
        assert rolled_back(shell, key) == ("2", "1")
        by_hand(shell, "again", "2")
        promote(shell, fourth, key)
        assert rolled_back(shell, key) == (fourth, "2")


def test_after_an_undo_with_kubectl_it_does_not_go_forward_again(shell: Shell, fourth: str) -> None:
    with shell.serving("undo") as key:
        promote(shell, "2", key)
        by_hand(shell, "undo", fourth)
        shell.cluster.kubectl("rollout", "undo", "deployment/undo")
        shell.cluster.kubectl("rollout", "status", "deployment/undo", "--timeout=60s")
        assert shell.uri("undo") == "models:/iris/2"
        assert rolled_back(shell, key) == ("2", "1")
