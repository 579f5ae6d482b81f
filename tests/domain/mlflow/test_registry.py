from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.domain.links.links import LinkSource, ServingLink, Slot
from modeldeck.domain.links.resolving import Resolved, resolve
from modeldeck.domain.mlflow.registry import ModelVersion, RegisteredModel, Registry


def version(number: str, model: str = "iris", run_id: str | None = None) -> ModelVersion:
    return ModelVersion(model, number, run_id, "READY", "None", 0.0, "")


KNOWN = Registry((RegisteredModel("iris", {}), RegisteredModel("wine", {})), (version("9"), version("10"), version("3", "wine")))


def test_a_version_is_found_by_its_model_and_number() -> None:
    assert (KNOWN.version("iris", "10"), KNOWN.version("wine", "10")) == (version("10"), None)
    assert (KNOWN.model("wine"), KNOWN.model("other")) == (RegisteredModel("wine", {}), None)
    assert KNOWN.of("wine") == (version("3", "wine"),)


def test_what_a_copy_names_as_its_source() -> None:
    assert version("10").uri == "models:/iris/10"


@pytest.mark.parametrize(("text", "number"), [("10", 10), ("0", 0), ("new", -1)])
def test_versions_are_sorted_as_numbers(text: str, number: int) -> None:
    assert version(text).number == number


def test_the_next_version_follows_the_highest() -> None:
    assert [KNOWN.next_version(model) for model in ("iris", "wine", "other")] == ["11", "4", "1"]


BY_RUN = ServingLink(None, None, None, "r", LinkSource.ENV_URI, Slot("/env/0/value", "runs:/r/model"), "server")


@pytest.mark.parametrize(
    ("model", "versions", "found"),
    [
        (None, [version("1", "iris", "r")], Resolved("iris", "1")),
        (None, [version("1", "iris", "r"), version("2", "iris", "r")], Resolved("iris", None)),
        (None, [version("1", "iris", "r"), version("1", "wine", "r")], Resolved(None, None)),
        ("wine", [version("1", "iris", "r"), version("2", "wine", "r")], Resolved("wine", "2")),
        ("wine", [version("1", "iris", "r")], Resolved("iris", "1")),
        ("wine", [], Resolved("wine", None)),
    ],
)
def test_a_run_is_the_version_that_was_registered_from_it(model: str | None, versions: list[ModelVersion], found: Resolved) -> None:
    assert resolve(replace(BY_RUN, model=model), Registry((), (*versions, version("7", "iris", "other")))) == found
