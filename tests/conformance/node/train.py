"""Train three versions of an iris classifier into FOLDER's registry, break the third; print what the cases need to know as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import mlflow
import mlflow.artifacts
from mlflow.models import infer_signature
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier


def main(folder: Path) -> None:
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment(experiment_id=mlflow.create_experiment("iris", artifact_location=f"file://{folder / 'artifacts'}"))
    features, classes = load_iris(return_X_y=True, as_frame=True)
    sample = features.iloc[::30]
    predictions = {}
    for version, labels in (("1", classes), ("2", 2 - classes), ("3", classes)):  # version 2 answers otherwise than version 1
        with mlflow.start_run():
            model = RandomForestClassifier(n_estimators=5, random_state=0).fit(features, labels)
            mlflow.sklearn.log_model(
                model,
                name="model",
                signature=infer_signature(features, model.predict(features)),
                registered_model_name="iris",
                pip_requirements=["scikit-learn"],
                skops_trusted_types=["sklearn.tree._tree.Tree"],
            )
        predictions[version] = model.predict(sample).tolist()
    client = mlflow.MlflowClient()
    client.set_registered_model_alias("iris", "champion", "2")
    broken = Path(client.get_model_version_download_uri("iris", "3").removeprefix("file://"))
    (broken / "model.skops").unlink()
    known = {"uri": uri, "columns": list(features.columns), "rows": sample.values.tolist(), "predictions": predictions}
    print(json.dumps(known))


main(Path(sys.argv[1]))
