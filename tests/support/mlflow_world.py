"""A small world of runs and models, made with mlflow's own client behind any tracking URI."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from pathlib import Path

HOSTILE = "\x1b]0;x\x07[red]\u202egnp"
POINTS = 1500
START = 1_700_000_000_000
"""Milliseconds."""

MLMODEL = (
    "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n  sklearn:\n    pickled_model: model.pkl\nmlflow_version: 2.9.0\n"
)


@dataclass(frozen=True)
class World:
    """Run ids, oldest first: `plain` has no model, `folder` one in its artifacts (MLflow 2), `logged` a logged model (MLflow 3)."""

    uri: str
    database: Path
    experiment: str
    plain: str
    folder: str
    logged: str


def build(uri: str, database: Path, artifacts: Path | None = None) -> World:
    """`database`: the SQLite file that is behind the URI."""
    import mlflow
    from mlflow import MlflowClient

    mlflow.set_tracking_uri(uri)
    client = MlflowClient(uri)
    experiment = client.create_experiment("contract", artifact_location=artifacts.as_uri() if artifacts else None)
    plain = _plain_run(client, experiment)
    folder = client.create_run(experiment, start_time=START + 1000, run_name="folder").info.run_id
    client.log_text(folder, MLMODEL, "model/MLmodel")
    client.log_text(folder, "not a model", "notes/readme.txt")
    client.set_terminated(folder)
    logged = client.create_run(experiment, start_time=START + 2000, run_name="logged").info.run_id
    _log_model(logged)
    client.set_terminated(logged, status="FAILED")
    client.register_prompt("a-prompt", "Say hello")
    return World(uri, database, experiment, plain, folder, logged)


def _plain_run(client: object, experiment: str) -> str:
    from mlflow import MlflowClient
    from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag

    assert isinstance(client, MlflowClient)
    run_id = str(client.create_run(experiment, start_time=START, run_name=HOSTILE).info.run_id)
    for begin in range(0, POINTS, 500):
        client.log_batch(run_id, metrics=[Metric("loss", 1 / (step + 1), START + step, step) for step in range(begin, begin + 500)])
    odd = {"nan": math.nan, "inf": math.inf, "minus": -math.inf, "accuracy": 0.5}
    client.log_batch(
        run_id,
        metrics=[Metric(key, value, START, 0) for key, value in odd.items()],
        params=[Param("n_estimators", "100")],
        tags=[RunTag("mlflow.source.git.commit", "abc123"), RunTag("mlflow.source.name", "train.py")],
    )
    used = DatasetInput(Dataset("iris", "5a5c68bf", "code", "{}"), [InputTag("mlflow.data.context", "training")])
    client.log_inputs(run_id, [used])
    return run_id


def _log_model(run_id: str) -> None:
    import mlflow

    class Zero(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
        def predict(self, context: object, model_input: list[str]) -> list[float]:
            return [0.0 for _ in model_input]

    with warnings.catch_warnings(), mlflow.start_run(run_id):
        warnings.simplefilter("ignore")
        mlflow.pyfunc.log_model(name="model", python_model=Zero(), pip_requirements=["mlflow"])
