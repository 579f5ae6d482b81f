from __future__ import annotations

from pathlib import Path
from typing import Any

from modeldeck.sandbox.deployments import kube, manifests
from modeldeck.sandbox.model_server.target import model_uri

LEGACY = Path("/models/legacy")


def container(deployment: dict[str, Any]) -> dict[str, Any]:
    (found,) = deployment["spec"]["template"]["spec"]["containers"]
    assert isinstance(found, dict)
    return found


def test_each_way_to_name_a_model_occurs() -> None:
    served = {}
    for each in manifests.deployments(LEGACY):
        given = container(each)
        environment = {entry["name"]: entry["value"] for entry in given.get("env", [])}
        served[each["metadata"]["name"]] = (model_uri(environment, given.get("args", [])), each["spec"]["replicas"])
    assert served == {
        "iris": ("models:/iris/3", 3),
        "wine": ("models:/wine@champion", 2),
        "breast-cancer": ("models:/breast-cancer/2", 2),
        "digits": ("models:/digits/2", 1),
        "legacy-scorer": ("/models/legacy", 1),
    }


def test_selectors_fit_the_pods() -> None:
    for each in manifests.deployments(LEGACY):
        labels = each["spec"]["template"]["metadata"]["labels"]
        assert each["spec"]["selector"]["matchLabels"].items() <= labels.items()
        assert manifests.service(each["metadata"]["name"])["spec"]["selector"].items() <= labels.items()


def test_everything_is_deployed_once_all_models_are_trained() -> None:
    objects = [*manifests.base(), *(each for model in manifests.MODELS for each in manifests.of_model(model, LEGACY))]
    names = [(each["kind"], each["metadata"]["name"]) for each in objects]
    assert len(names) == len(set(names))
    for kind in ("Deployment", "Service"):
        assert {name for of, name in names if of == kind} == {each["metadata"]["name"] for each in manifests.deployments(LEGACY)}
    assert {each["kind"] for each in objects} <= set(kube._PATHS)


def test_a_rollout_never_takes_a_pod_away_before_another_is_ready() -> None:
    for each in manifests.deployments(LEGACY):
        assert each["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
        assert container(each)["readinessProbe"]["httpGet"]["path"] == "/ping"
