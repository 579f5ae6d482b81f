"""Fill an empty MLflow with runs and registered models that were really trained."""

from __future__ import annotations

import hashlib
import json
import logging
import random
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from modeldeck.sandbox.common.files import write_json
from modeldeck.sandbox.common.state_dir import StateDir
from modeldeck.sandbox.mlflow_server.recipes import PROJECTS, Project, Recipe, RegisteredVersion
from modeldeck.sandbox.mlflow_server.training import Data, build, fit, judge, load, matrix_png, matrix_text

ROWS_KEPT = 120


def seed(state_dir: StateDir, store: str, say: Callable[[str], None], trained: Callable[[str], None]) -> dict[str, object]:
    """Train every recipe straight into the store, and leave rows of the data sets for the traffic; what was made, in numbers.

    `say` gets words about how far it is, `trained` the name of each model that can be deployed from now on.
    """
    import mlflow

    warnings.filterwarnings("ignore")
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    keep_artifacts_at(state_dir.mlflow / "artifacts")
    mlflow.set_tracking_uri(store)
    mlflow.set_registry_uri(store)
    client = mlflow.MlflowClient()
    commit = source_commit()
    runs = versions = 0
    rows = {}
    for project in PROJECTS:
        data = load(project.dataset)
        rows[project.model] = sample_rows(data)
        say(f"{runs} runs, {project.experiment}")
        trainer = Trainer(client, project, data, commit)
        for recipe in project.recipes:
            versions += trainer.train(recipe)
            runs += 1
        if project.model == "wine":
            save_unregistered(state_dir.mlflow / "legacy-scorer", project, data)
        write_json(state_dir.rows, rows)
        trained(project.model)
    return {"message": f"{runs} runs, {versions} versions of {len(PROJECTS)} models", "runs": runs, "versions": versions}


def keep_artifacts_at(folder: Path) -> None:
    """Write artifacts where the server will serve them from: the store is used directly, so there is no server to upload to."""
    from mlflow.store.artifact.artifact_repository_registry import _artifact_repository_registry as repositories
    from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

    def repository(uri: str, tracking_uri: str | None = None, registry_uri: str | None = None) -> Any:
        return LocalArtifactRepository((folder / urlsplit(uri).path.lstrip("/")).as_uri())

    repositories.register("mlflow-artifacts", repository)


def source_commit() -> str:
    """The commit that this code is at; for an installed package, which has none, a digest of it."""
    here = Path(__file__).parent
    try:
        found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return hashlib.sha1(b"".join(path.read_bytes() for path in sorted(here.glob("*.py")))).hexdigest()
    return found.stdout.strip()


def sample_rows(data: Data) -> dict[str, object]:
    """Rows of the test part, in an order of their own, as the traffic sends them."""
    rows = data.test.values.tolist()
    random.Random(3).shuffle(rows)
    return {"columns": [str(name) for name in data.test.columns], "rows": rows[:ROWS_KEPT]}


def save_unregistered(folder: Path, project: Project, data: Data) -> None:
    """The model of the deployment that nobody can link to the registry: a bare folder, as left by somebody long gone."""
    import mlflow.sklearn

    estimator = build("neighbours", {"n_neighbors": 7}).fit(data.train, data.train_target)
    shutil.rmtree(folder, ignore_errors=True)
    mlflow.sklearn.save_model(estimator, folder, serialization_format="cloudpickle", pip_requirements=["scikit-learn"])


class Trainer:
    """Trains one project's recipes into its experiment and registered model."""

    def __init__(self, client: Any, project: Project, data: Data, commit: str) -> None:
        import mlflow
        from mlflow.models import infer_signature

        self.client, self.project, self.data, self.commit = client, project, data, commit
        self.experiment = client.create_experiment(
            project.experiment,
            artifact_location=f"mlflow-artifacts:/{project.experiment}",
            tags={"mlflow.note.content": project.description, "team": "sandbox"},
        )
        client.create_registered_model(project.model, tags={"dataset": project.dataset}, description=project.description)
        self.dataset = mlflow.data.from_pandas(
            data.train.assign(target=data.train_target), name=f"{project.dataset}-train", targets="target"
        )
        self.signature = infer_signature(data.train, data.train_target.to_numpy())
        self.parents: dict[str, str] = {}

    def train(self, recipe: Recipe) -> int:
        """One run; the number of versions that it led to, 0 or 1."""
        import mlflow

        tags = {
            "mlflow.source.git.commit": self.commit,
            "mlflow.source.name": "tui/modeldeck/sandbox/mlflow_server/seed.py",
            "method": recipe.method,
        }
        if recipe.parent:
            tags["mlflow.parentRunId"] = self.parents[recipe.parent]
        run = mlflow.start_run(experiment_id=self.experiment, run_name=recipe.name, tags=tags)
        self.parents[recipe.name] = run.info.run_id
        try:
            model = self.fit_and_log(recipe, run.info.run_id)
        except ValueError as error:
            # What scikit-learn says about impossible parameters is this run's result.
            mlflow.set_tag("error", str(error)[:250])
            mlflow.end_run("FAILED")
            return 0
        if recipe.ends == "RUNNING":
            # Nobody ever ended it: its process is gone, and MLflow shows it as running for good.
            mlflow.tracking.fluent._active_run_stack.get().pop()
            return 0
        mlflow.end_run(recipe.ends)
        if model is None or recipe.version is None:
            return 0
        self.register(recipe.version, run.info.run_id, model)
        return 1

    def fit_and_log(self, recipe: Recipe, run_id: str) -> Any | None:
        """Fit, with parameters, metrics, data set and artifacts logged; the logged model where the recipe asks for a version."""
        import mlflow
        from mlflow.entities import Metric, Param
        from mlflow.utils.time import get_current_time_millis

        params = [Param(key, str(value)) for key, value in recipe.parameters.items()]
        self.client.log_batch(run_id, params=[*params, Param("method", recipe.method), Param("random_state", "7")])
        mlflow.log_input(self.dataset, context="training")
        estimator = build(recipe.method, recipe.parameters)
        points = []
        for point in fit(estimator, recipe.method, recipe.parameters, self.data):
            points.append(Metric(point.key, point.value, get_current_time_millis(), point.step))
            if recipe.ends == "KILLED" and len(points) >= 4:
                break
        self.client.log_batch(run_id, metrics=points)
        if recipe.ends != "FINISHED":
            return None
        final, matrix = judge(estimator, self.data)
        last = max((point.step for point in points if point.key == "accuracy"), default=0)
        now = get_current_time_millis()
        self.client.log_batch(run_id, metrics=[Metric(key, value, now, last) for key, value in final.items()])
        self.log_artifacts(matrix)
        if recipe.version is None:
            return None
        return mlflow.sklearn.log_model(
            estimator,
            name="model",
            signature=self.signature,
            # MLflow tries the example out by loading the model once more: one of each kind is enough.
            input_example=self.data.test.head(2) if recipe.version.aliases else None,
            pip_requirements=["scikit-learn", "pandas"],
            serialization_format="cloudpickle",
        )

    def log_artifacts(self, matrix: list[list[int]]) -> None:
        import mlflow

        classes = self.data.classes
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "confusion_matrix.json").write_text(json.dumps({"classes": classes, "matrix": matrix}))
            (Path(folder) / "confusion_matrix.txt").write_text(matrix_text(matrix, classes))
            (Path(folder) / "confusion_matrix.png").write_bytes(matrix_png(matrix))
            mlflow.log_artifacts(folder)

    def register(self, version: RegisteredVersion, run_id: str, model: Any) -> None:
        """Create the registered version with what belongs to it; cut its artifact short where it is to be a broken one."""
        name = self.project.model
        created = self.client.create_model_version(
            name,
            source=model.model_uri,
            run_id=run_id,
            tags=dict(version.tags),
            description=version.description,
            model_id=model.model_id,
        )
        if version.stage:
            self.client.transition_model_version_stage(name, created.version, version.stage)
        for alias in version.aliases:
            self.client.set_registered_model_alias(name, alias, created.version)
        if version.broken:
            self.cut_short(model)

    def cut_short(self, model: Any) -> None:
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        folder = Path(get_artifact_repository(model.artifact_path).artifact_dir)
        pickled = folder / "model.pkl"
        pickled.write_bytes(pickled.read_bytes()[:500])
