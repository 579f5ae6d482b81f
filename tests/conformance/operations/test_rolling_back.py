"""Where a roll-back goes, and when it is refused."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.conformance.operations.conftest import Desk


@pytest.fixture
def fourth(desk: Desk) -> str:
    """A further version that serves what version 1 does."""
    made = desk.run("register", desk.mlflow.run_of("1"), "--model", "iris", "--output", "json")
    assert made.code == 0, made.err
    return str(made.json["version"])


@contextlib.contextmanager
def without_artifacts(desk: Desk, version: str) -> Iterator[None]:
    """Somebody has cleaned the artifact store up. Its folder is put back at the end."""
    client = MlflowClient(tracking_uri=desk.mlflow.url, registry_uri=desk.mlflow.url)
    folder = Path(client.get_model_version_download_uri("iris", version).removeprefix("file://"))
    away = folder.rename(folder.with_name(folder.name + ".away"))
    try:
        yield
    finally:
        away.rename(folder)


def promote(desk: Desk, version: str, key: str) -> None:
    said = desk.run("promote", "iris", version, "--deployment", key, "--yes", "--output", "json")
    assert said.code == 0, said.err


def by_hand(desk: Desk, name: str, version: str) -> None:
    desk.cluster.kubectl("set", "env", f"deployment/{name}", f"MODEL_URI=models:/iris/{version}")
    desk.cluster.kubectl("rollout", "status", f"deployment/{name}", "--timeout=60s")


def rolled_back(desk: Desk, key: str) -> tuple[str, str]:
    said = desk.run("rollback", key, "--yes", "--output", "json")
    assert said.code == 0, said.err
    return said.json["from_version"], said.json["to_version"]


def test_twice_in_a_row_it_goes_further_back_and_then_nowhere(desk: Desk, fourth: str) -> None:
    with desk.serving("further") as key:
        promote(desk, "2", key)
        promote(desk, fourth, key)
        assert rolled_back(desk, key) == (fourth, "2")
        assert rolled_back(desk, key) == ("2", "1")
        refused = desk.run("rollback", key, "--yes", "--output", "json")
        assert refused.code == 3, (refused.out, refused.err, desk.run("history", key).out)
        assert refused.json["error"]["code"] == "no_target"
        assert desk.uri("further") == "models:/iris/1"
        assert desk.mlflow.alias("champion") == "1"


def test_the_old_artifact_is_gone(desk: Desk) -> None:
    with desk.serving("cleaned") as key, without_artifacts(desk, "1"):
        promote(desk, "2", key)
        refused = desk.run("rollback", key, "--yes", "--output", "json")
        assert refused.code == 3, refused.err
        assert refused.json["error"]["code"] == "refused"
        assert "its artifacts are gone" in refused.json["error"]["words"]
        assert refused.json["error"]["hint"] == "register it anew"
        assert desk.uri("cleaned") == "models:/iris/2"
        assert desk.mlflow.alias("champion") == "2"


def test_one_that_others_promoted_again_is_good_again(desk: Desk, fourth: str) -> None:
    with desk.serving("again") as key:
        promote(desk, "2", key)
        assert rolled_back(desk, key) == ("2", "1")
        by_hand(desk, "again", "2")
        promote(desk, fourth, key)
        assert rolled_back(desk, key) == (fourth, "2")


def test_after_an_undo_with_kubectl_it_does_not_go_forward_again(desk: Desk, fourth: str) -> None:
    with desk.serving("undo") as key:
        promote(desk, "2", key)
        by_hand(desk, "undo", fourth)
        desk.cluster.kubectl("rollout", "undo", "deployment/undo")
        desk.cluster.kubectl("rollout", "status", "deployment/undo", "--timeout=60s")
        assert desk.uri("undo") == "models:/iris/2"
        assert rolled_back(desk, key) == ("2", "1")
