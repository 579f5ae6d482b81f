"""Places that say what is served and cannot be read here: a reference that happens to stand beside them may be of a model that does not
serve, so that it is not certain."""

from __future__ import annotations

from typing import Any

import pytest

from modeldeck.domain.kubernetes.workloads import Container, EnvVar, PodTemplate
from modeldeck.domain.links.linking import find_links, unread
from tests.domain.links.templates import container, template

MAP = ("ConfigMap model-config",)
FEATURES = EnvVar("FEATURES", "models:/features/2")
ANNOTATION = "the field metadata.annotations['ml/uri']"


def server(*env: EnvVar, **parts: Any) -> PodTemplate:
    return template(Container("server", "i", env=(FEATURES, *env), **parts))


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (server(args=("-m", "$(MODEL_URI)"), env_from=MAP), "`args` of container server reads MODEL_URI, which may come from " + MAP[0]),
        (
            server(command=("sh", "-c", "serve -m ${MODEL_URI}"), env_from=MAP),
            "`command` of container server reads MODEL_URI, which may come from " + MAP[0],
        ),
        (server(args=("serve", "--uri=$MODEL_URI")), "`args` of container server reads MODEL_URI, which is not set there"),
        (
            server(EnvVar("PREDICTOR_MODEL", None, "key m of ConfigMap c"), args=("--model", "$(PREDICTOR_MODEL)")),
            "`args` of container server reads PREDICTOR_MODEL, which comes from key m of ConfigMap c",
        ),
        (server(EnvVar("MODEL", None, "key m of ConfigMap c")), "MODEL of container server comes from key m of ConfigMap c"),
        (server(EnvVar("MODEL_URI", None, ANNOTATION)), f"MODEL_URI of container server comes from {ANNOTATION}"),
        (
            server(EnvVar("MODEL_NAME", "iris"), EnvVar("MODEL_VERSION", None, "the field metadata.labels['v']")),
            "MODEL_VERSION of container server comes from the field metadata.labels['v']",
        ),
        (
            server(EnvVar("STORAGE_URI", "gs://models/iris/3")),
            "STORAGE_URI of container server names a model outside of MLflow: gs://models/iris/3",
        ),
        (server(args=("-m", "s3://models/iris/3")), "`args` of container server names a model outside of MLflow: s3://models/iris/3"),
    ],
)
def test_beside_what_cannot_be_read_nothing_is_certain(found: PodTemplate, message: str) -> None:
    assert message in unread(found)
    assert [(link.model, link.certain) for link in find_links(found)] == [("features", False)]


@pytest.mark.parametrize(
    "found",
    [
        server(env_from=MAP),
        server(args=("--port", "$(MODEL_PORT)", "--name=$(MODEL_NAME)"), env_from=MAP),
        server(args=("serve", "$(SHADOW_MODEL_URI)"), env_from=MAP),
        server(EnvVar("MODEL_URI", "/mnt/models")),
        server(EnvVar("MODEL_URI", "file:///mnt/models")),
        server(EnvVar("NODE_MODEL", None, "the field spec.nodeName")),
        template(container(command=("sh", "-c", "MODEL_URI=models:/iris/3 serve -m $MODEL_URI"))),
        template(container(env={"MODEL_URI": "models:/iris/3"}, args=("-m", "$(MODEL_URI)"), env_from=MAP)),
    ],
)
def test_what_says_nothing_of_the_served_model_leaves_it_certain(found: PodTemplate) -> None:
    assert [link.certain for link in find_links(found)] == [True]


@pytest.mark.parametrize(
    "text",
    [
        '{"fallback": "models:/iris/1", "threads": 4}',
        "threads: 4\nfallback: models:/iris/1",
        r"{\"fallback\":\"models:/iris/1\"}",
    ],
)
@pytest.mark.parametrize("place", ["env", "args"])
def test_a_key_in_a_text_names_the_role_as_a_variable_does(text: str, place: str) -> None:
    parts: dict[str, Any] = {"env": {"CONFIG": text}} if place == "env" else {"args": ("--config", text)}
    (link,) = find_links(template(container(**parts)))
    assert (link.certain, link.slot.name.rpartition("/")[2]) == (False, "fallback")


def test_a_choice_of_the_variable_means_all_of_its_keys() -> None:
    found = template(container(env={"CONFIG": '{"model": "models:/iris/3"}', "DRIFT_REFERENCE": "models:/iris/1"}))
    (link,) = find_links(found, chosen=("server/env/CONFIG",))
    assert (link.certain, link.places) == (True, ("server/env/CONFIG/model",))
