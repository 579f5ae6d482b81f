"""The whole console while somebody else moves an alias: it is seen by polling, kept, and told as theirs."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modeldeck.backends import open_sightings
from modeldeck.console import Console, Launch
from modeldeck.domain.environments import Environment, MlflowTarget
from modeldeck.domain.mlflow.alias_changes import AliasMove
from modeldeck.operations.history.sightings import registry_id
from tests.support.backends import MLFLOW, answering
from tests.support.clocks import Hurried

MODELS = "/api/2.0/mlflow/registered-models/search"


async def test_an_alias_that_somebody_moves_is_in_the_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("STATE", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    answers: dict[str, Any] = copy.deepcopy(dict(MLFLOW))
    async with answering(answers) as mlflow:
        environment = Environment("prod", MlflowTarget(f"http://127.0.0.1:{mlflow.port}"), None, None, journal=str(tmp_path / "journal.db"))
        seen = open_sightings(environment)
        console = Console(Launch(environment, ("prod",), lambda name: environment, clock=Hurried(20)))
        async with console.run_test(size=(160, 30)) as pilot:

            async def until(condition: Callable[[], object]) -> None:
                for _ in range(1500):
                    if condition():
                        return
                    await pilot.pause(0.02)
                pytest.fail(screen())

            def screen() -> str:
                return "\n".join("".join(part.text for part in strip) for strip in console.screen._compositor.render_strips())

            await until(lambda: "champion" in screen() and seen.path.exists())
            iris = next(model for model in answers[MODELS]["registered_models"] if model["name"] == "iris")
            iris["aliases"] = [{"alias": "champion", "version": "1"}]
            await until(lambda: seen.sightings(registry_id(environment.mlflow)))
            await pilot.press("h")
            await until(lambda: "alias champion" in screen())
            told = next(line for line in screen().splitlines() if "alias champion" in line)
            assert "iris v2 → v1" in told
            assert "move" in told
            assert "somebody" in told
            assert "registry" in told
        (found,) = seen.sightings(registry_id(environment.mlflow))
        assert found.move == AliasMove("iris", "champion", "2", "1")
        seen.close()
