from __future__ import annotations

import pytest

from modeldeck.sandbox.model_server.target import NoTarget, model_uri


@pytest.mark.parametrize(
    ("environment", "arguments", "uri"),
    [
        ({"MODEL_URI": "models:/iris/3"}, (), "models:/iris/3"),
        ({"MODEL_URI": "models:/iris@champion", "MODEL_NAME": "wine", "MODEL_VERSION": "1"}, (), "models:/iris@champion"),
        ({}, ("mlflow", "models", "serve", "-m", "models:/iris/3", "-p", "8080"), "models:/iris/3"),
        ({}, ("mlflow", "models", "serve", "--model-uri=models:/iris/3"), "models:/iris/3"),
        ({"MODEL_NAME": "iris", "MODEL_VERSION": "3"}, ("serve",), "models:/iris/3"),
        ({"MODEL_PATH": "/models/wine"}, (), "/models/wine"),
        ({"MODEL_URI": "", "MODEL_PATH": "/models/wine"}, (), "/models/wine"),
    ],
)
def test_the_model_is_found_where_manifests_name_it(environment: dict[str, str], arguments: tuple[str, ...], uri: str) -> None:
    assert model_uri(environment, arguments) == uri


@pytest.mark.parametrize("environment", [{}, {"MODEL_NAME": "iris"}, {"MODEL_VERSION": "3"}])
def test_a_container_without_a_model_is_told_what_it_could_say(environment: dict[str, str]) -> None:
    with pytest.raises(NoTarget, match=r"MODEL_URI.*MODEL_PATH.*-m URI"):
        model_uri(environment, ("serve", "-m"))
