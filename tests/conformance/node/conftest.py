"""A trained iris model in a registry, and the node agent that serves it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from modeldeck.sandbox.processes.process import python
from tests.conformance.clusters import Cluster, process

_TRAIN = Path(__file__).with_name("train.py")


@dataclass(frozen=True)
class Registry:
    """Where models are, and what versions 1 and 2 of iris predict for `rows`; version 3 has lost its model file."""

    uri: str
    columns: list[str]
    rows: list[list[float]]
    predictions: dict[str, list[int]]


@dataclass(frozen=True)
class Node:
    """A running agent: its state folder and its proxy's address."""

    cluster: Cluster
    folder: Path
    proxy: str


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """Trained in a process of its own: importing MLflow and scikit-learn here would slow every other case down."""
    folder = tmp_path_factory.mktemp("registry")
    done = subprocess.run([sys.executable, str(_TRAIN), str(folder)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return Registry(**json.loads(done.stdout.splitlines()[-1]))


def agent(cluster: Cluster, registry: Registry, folder: Path) -> AbstractContextManager[str]:
    """A node agent process; gives its proxy's address."""
    arguments = ("--kubeconfig", str(cluster.kubeconfig()), "--state", str(folder), "--mlflow", registry.uri)
    return process(python("modeldeck.sandbox.node", *arguments), folder / "agent.log")


@pytest.fixture(scope="session")
def node(cluster: Cluster, registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """The agent on one of the two clusters; it speaks nothing but the Kubernetes API to either."""
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "serving"}})
    folder = tmp_path_factory.mktemp("node")
    with agent(cluster, registry, folder) as proxy:
        yield Node(cluster, folder, proxy)
