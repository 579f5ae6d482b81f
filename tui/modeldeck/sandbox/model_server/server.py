"""The inside of a model server process: load the model with MLflow, serve MLflow's own scoring app until SIGTERM.

Everything heavy is imported at the top: the zygote imports this module once, and each model server is forked from it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import sys
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
import mlflow.models
import mlflow.pyfunc
import mlflow.sklearn
import mlflow.tracking
import pandas as pd
import sklearn.ensemble
import sklearn.linear_model
import sklearn.pipeline
import uvicorn
import uvicorn.lifespan.on
import uvicorn.loops.asyncio
import uvicorn.protocols.http.h11_impl
from mlflow.pyfunc import scoring_server
from mlflow.store.artifact import (
    http_artifact_repo,
    local_artifact_repo,
    mlflow_artifacts_repo,
    models_artifact_repo,
    runs_artifact_repo,
)
from mlflow.store.artifact.utils.models import get_model_name_and_version
from mlflow.utils.uri import is_models_uri
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modeldeck.sandbox.model_server.faults import FaultMiddleware, Switches
from modeldeck.sandbox.model_server.metrics import MetricsMiddleware, ModelMetrics
from modeldeck.sandbox.model_server.target import model_uri
from modeldeck.sandbox.model_server.watched import WatchedModel

# Imported for the sake of what they load: flavours, estimators, stores and servers that a fork should find ready.
PRELOADED = (
    *(mlflow.sklearn, mlflow.tracking, sklearn.ensemble, sklearn.linear_model, sklearn.pipeline),
    *(http_artifact_repo, local_artifact_repo, mlflow_artifacts_repo, models_artifact_repo, runs_artifact_repo),
    *(uvicorn.lifespan.on, uvicorn.loops.asyncio, uvicorn.protocols.http.h11_impl),
)
_QUIET_PATHS = ("/ping", "/metrics", "/health")
_KEEP_ALIVE = 75  # seconds; longer than the proxy keeps idle connections, so that the server never closes one under a request


def warm_up(folder: Path) -> None:
    """Save, load and ask a tiny model in `folder`: the work that libraries put off to their first use is then done once for all forks."""
    features, classes = pd.DataFrame({"x": [0.0, 1.0]}), [0, 1]
    forest = sklearn.ensemble.RandomForestClassifier(n_estimators=1).fit(features, classes)
    signature = mlflow.models.infer_signature(features, forest.predict(features))
    saved, trusted = folder / "model", ["sklearn.tree._tree.Tree"]
    mlflow.sklearn.save_model(forest, saved, signature=signature, pip_requirements=["scikit-learn"], skops_trusted_types=trusted)
    served = Served(mlflow.pyfunc.load_model(str(saved)), "warm-up", "")
    application(served, None, "")
    served.model.predict(features)


@dataclass(frozen=True)
class Served:
    """A loaded model, and what it is: the name and version in the registry, or a directory's name and ""."""

    model: Any
    name: str
    version: str


def load(environment: Mapping[str, str], arguments: Sequence[str]) -> Served:
    """Load the model that the container names; an alias is resolved here, once. Raises what MLflow raises."""
    uri = model_uri(environment, arguments)
    name, version = Path(uri).name, ""
    if is_models_uri(uri):
        resolved = get_model_name_and_version(mlflow.MlflowClient(), uri)
        if len(resolved) == 2:
            name, version = str(resolved[0]), str(resolved[1])
            uri = f"models:/{name}/{version}"
    return Served(mlflow.pyfunc.load_model(uri), name, version)


def application(served: Served, faults: Path | None, deployment: str) -> ASGIApp:
    """MLflow's scoring app with faults and metrics around it."""
    metrics = ModelMetrics(served.name, served.version)
    switches = Switches(faults, deployment, served.version)
    model = WatchedModel(served.model, lambda: switches.now().drift, metrics.observe_predictions)
    scoring: ASGIApp = scoring_server.init(model)
    label = f"{served.name}/{served.version}" if served.version else served.name
    return MetricsMiddleware(_Labelled(FaultMiddleware(scoring, switches), label), metrics)


class _Labelled:
    """Adds the header x-model to every answer: name/version as resolved at the start."""

    def __init__(self, app: ASGIApp, label: str) -> None:
        self._app, self._header = app, (b"x-model", label.encode("latin-1", "replace"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def labelled(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), self._header]
            await send(message)

        await self._app(scope, receive, labelled)


class _Server(uvicorn.Server):
    """uvicorn ends with the signal's own code after SIGTERM; a container that was asked to end and did ends with 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        yield

    def _stop(self, number: int, frame: object) -> None:
        self.should_exit = True


def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Serve on a bound socket until SIGTERM; requests in flight are finished first."""
    logging.getLogger("uvicorn.access").addFilter(_worth_logging)
    config = uvicorn.Config(app, lifespan="off", loop="asyncio", http="h11", timeout_keep_alive=_KEEP_ALIVE, use_colors=False)
    asyncio.run(_Server(config).serve(sockets=[listener]))


def _worth_logging(record: logging.LogRecord) -> bool:
    """Probes and scrapes would fill the log; they are not the model's work."""
    path = record.args[2] if isinstance(record.args, tuple) and len(record.args) > 2 else ""
    return path not in _QUIET_PATHS


def run(environment: Mapping[str, str], arguments: Sequence[str], listener: socket.socket, faults: Path | None, deployment: str) -> None:
    """Load and serve; what fails is raised."""
    served = load(environment, arguments)
    print(f"Serving {served.name} {served.version}".rstrip(), file=sys.stderr)
    serve(application(served, faults, deployment), listener)
