"""One whole sandbox for each kind of cluster. Models are trained once: the second sandbox begins with a copy of what the first one has."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from modeldeck.sandbox.common.progress import PartProgress
from modeldeck.sandbox.common.state_dir import StateDir
from modeldeck.sandbox.control_plane import control_plane
from modeldeck.sandbox.stack.stack import Sandbox
from tests.conformance.clusters import NAMES, skip
from tests.conformance.controlplane import launch
from tests.conformance.controlplane.build import cache
from tests.conformance.story.world import World

UP_SECONDS = 300.0
DATABASE = "mlflow.db"


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> StateDir:
    """Where trained models are kept for the next sandbox."""
    return StateDir(tmp_path_factory.mktemp("kept"))


@pytest.fixture(scope="module", params=NAMES)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, kept: StateDir) -> Iterator[World]:
    name: str = request.param
    if name == "real" and (message := launch.missing()):
        skip(message)
    kubectl = launch.binary("kubectl")
    if kubectl is None:
        skip("no kubectl on PATH, and none built by tests/conformance/controlplane/build.py")
    folder = tmp_path_factory.mktemp(name)
    with pytest.MonkeyPatch.context() as patched:
        if name == "real":
            assets = (str(cache()), os.environ.get(control_plane.ASSETS))
            patched.setenv(control_plane.ASSETS, os.pathsep.join(filter(None, assets)))
        for variable in ("XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
            patched.setenv(variable, str(folder))
        for variable in [each for each in os.environ if each.startswith("MODELDECK_")]:
            patched.delenv(variable)
        state = StateDir(folder / "state")
        if kept.rows.exists():
            copy_models(kept, state)
        if name == "real":
            sandbox = Sandbox.launch(state.root, cluster="real", metrics="auto")
        else:
            sandbox = Sandbox.launch(state.root, cluster="simulator", metrics="embedded")
        try:
            up = asyncio.run(ready(sandbox))
            assert up.state == "ready", up.message
            copy_models(state, kept)
            yield World(sandbox, str(kubectl))
        finally:
            asyncio.run(sandbox.stop())


async def ready(sandbox: Sandbox) -> PartProgress:
    async with asyncio.timeout(UP_SECONDS):
        return await sandbox.ready()


def copy_models(source: StateDir, target: StateDir) -> None:
    """What MLflow has, and the rows that the traffic sends. The database is copied as SQLite does it: somebody may be writing."""
    if target.rows.exists():
        return
    target.create()
    shutil.copytree(source.mlflow, target.mlflow, ignore=shutil.ignore_patterns(f"{DATABASE}*"), dirs_exist_ok=True)
    with closing(sqlite3.connect(source.mlflow / DATABASE)) as old, closing(sqlite3.connect(target.mlflow / DATABASE)) as new:
        old.backup(new)
    shutil.copy(source.rows, target.rows)
