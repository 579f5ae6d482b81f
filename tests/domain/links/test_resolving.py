"""What a reference points at: by version, alias, stage, run or logged model."""

from __future__ import annotations

from typing import Any

import pytest

from modeldeck.domain.links.links import LinkSource, ServingLink, Slot
from modeldeck.domain.links.resolving import Resolved, resolve
from modeldeck.domain.mlflow.registry import ModelVersion, RegisteredModel, Registry


def version(number: str, model: str = "iris", **parts: Any) -> ModelVersion:
    values: dict[str, Any] = {"run_id": None, "status": "READY", "stage": "None", "created_at": 0.0, "source": ""}
    return ModelVersion(model, number, **(values | parts))


def link(**parts: Any) -> ServingLink:
    values: dict[str, Any] = {"model": "iris", "version": None, "alias": None, "run_id": None}
    return ServingLink(how=LinkSource.ENV_URI, slot=Slot("/x", "x"), container="server", **(values | parts))


REGISTRY = Registry(
    (RegisteredModel("iris", {"champion": "9"}), RegisteredModel("wine", {"champion": "3"})),
    (
        version("9", stage="Production", run_id="r"),
        version("10", stage="production", status="FAILED_REGISTRATION"),
        version("8", stage="Production", source="models:/m-abc"),
        version("3", "wine", stage="Production", source="models:/m-abc"),
        version("11", stage="Staging", source="s3://elsewhere"),
    ),
)


@pytest.mark.parametrize(
    ("parts", "number"),
    [
        ({"version": "7"}, "7"),
        ({"alias": "champion"}, "9"),
        ({"alias": "challenger"}, None),
        ({"alias": "champion", "version": "7"}, "9"),
        ({"alias": "champion", "model": "other"}, None),
        ({"stage": "Production"}, "10"),
        ({"stage": "PRODUCTION"}, "10"),
        ({"stage": "latest"}, "11"),
        ({"stage": "Archived"}, None),
        ({"stage": "Staging", "version": "7"}, "11"),
        ({"stage": "latest", "model": "other"}, None),
        ({"run_id": "r"}, "9"),
        ({"model_id": "m-abc"}, "8"),
        ({"model_id": "m-other"}, None),
        ({}, None),
    ],
)
def test_what_a_reference_points_at_now(parts: dict[str, Any], number: str | None) -> None:
    found = resolve(link(**parts), REGISTRY)
    assert found == Resolved(parts.get("model", "iris"), number)


@pytest.mark.parametrize("parts", [{"alias": "champion"}, {"stage": "latest"}, {"run_id": "r"}, {"model_id": "m-abc"}])
def test_without_a_registry_only_a_version_is_known(parts: dict[str, str]) -> None:
    assert resolve(link(**parts), None) == Resolved("iris", None)
    assert resolve(link(model=None, **parts), None) == Resolved(None, None)
    assert resolve(link(version="7"), None) == Resolved("iris", "7")


def test_a_logged_model_that_two_registered_models_have_is_of_the_one_that_is_named() -> None:
    assert resolve(link(model=None, model_id="m-abc"), REGISTRY) == Resolved(None, None)
    assert resolve(link(model="wine", model_id="m-abc"), REGISTRY) == Resolved("wine", "3")
    assert resolve(link(model=None, run_id="r"), REGISTRY) == Resolved("iris", "9")
    assert resolve(link(model=None, alias="champion"), REGISTRY) == Resolved(None, None)
