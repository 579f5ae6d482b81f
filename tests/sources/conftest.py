"""Real backends for the contract tests: one MLflow server and one database, each with the same small world in it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.support.mlflow_world import World, build
from tests.support.ports import free_port


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path, seconds: float = 240.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{url} does not answer:\n{log.read_text()[-2000:]}")


@contextlib.contextmanager
def mlflow_server(folder: Path, options: Sequence[str] = (), environ: Mapping[str, str] | None = None) -> Iterator[str]:
    """An `mlflow server` on SQLite, everything of it in the folder; its address."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder / "artifacts"), *options]
    environment = {**os.environ, **(environ or {}), "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, cwd=folder, env=environment, start_new_session=True)
    try:
        wait_for(f"http://127.0.0.1:{port}/health", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)


@pytest.fixture(scope="session")
def rest_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("mlflow-server")
    with mlflow_server(folder) as address:
        yield build(address, folder / "mlflow.db")


@pytest.fixture(scope="session")
def database_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("mlflow-database")
    return build(f"sqlite:///{folder}/mlflow.db", folder / "mlflow.db", artifacts=folder / "artifacts")
