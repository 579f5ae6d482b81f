"""Serving links: what is found where, in which order, and what is never taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.templates import container, template
from tui.domain.linking import find_links, image_pattern
from tui.domain.links import How, LinkPatterns, ServingLink
from tui.domain.serving import Container, EnvVar, PodTemplate
from tui.domain.slots import places

RUN = "0123456789abcdef0123456789abcdef"
SPEC = "/spec/template/spec/containers"


def only(found: PodTemplate, patterns: LinkPatterns | None = None) -> ServingLink:
    (link,) = find_links(found, patterns or LinkPatterns())
    return link


def test_an_environment_value() -> None:
    link = only(template(container(env={"PORT": "80", "MODEL_URI": "models:/iris/3"})))
    assert (link.model, link.version, link.how) == ("iris", "3", How.ENV_URI)
    assert (link.slot.where, link.slot.text) == (f"{SPEC}/0/env/1/value", "models:/iris/3")


def test_an_argument_of_the_second_container() -> None:
    server = container("server", args=("models", "serve", "--model-uri=models:/iris@champion"))
    link = only(template(container("proxy"), server))
    assert (link.model, link.alias, link.version, link.container) == ("iris", "champion", None, "server")
    assert link.slot.where == f"{SPEC}/1/args/2"


def test_a_command_for_a_shell() -> None:
    link = only(template(container(command=("sh", "-c", f"mlflow models serve -m runs:/{RUN}/model"))))
    assert (link.model, link.run_id, link.how, link.slot.where) == (None, RUN, How.ARG_URI, f"{SPEC}/0/command/2")


@pytest.mark.parametrize(
    ("env", "wanted"),
    [
        ({"MODEL_NAME": "iris", "MODEL_VERSION": "3"}, ("iris", "3")),
        ({"MLFLOW_MODEL_VERSION": "v12", "MLFLOW_MODEL_NAME": "iris"}, ("iris", "12")),
        ({"model_name": "iris", "model_version": "3"}, ("iris", "3")),
        ({"MODEL_NAME": "iris", "OTHER_MODEL_VERSION": "3"}, None),
        ({"MODEL_NAME": "iris", "VERSION": "3"}, None),
        ({"MODEL_NAME": "iris", "MODEL_VERSION": "1.2.0"}, None),
        ({"MODEL_VERSION": "3"}, None),
        ({"MODEL_NAME": "", "MODEL_VERSION": "3"}, None),
    ],
)
def test_a_pair_of_name_and_version(env: dict[str, str], wanted: tuple[str, str] | None) -> None:
    links = find_links(template(container(env=env)))
    assert [(link.model, link.version, link.how) for link in links] == ([(*wanted, How.ENV_PAIR)] if wanted else [])


def test_references_that_the_kubelet_expands_leave_the_pair() -> None:
    server = container(args=("-m", "models:/$(MODEL_NAME)/$(MODEL_VERSION)"), env={"MODEL_NAME": "iris", "MODEL_VERSION": "3"})
    assert only(template(server)).how is How.ENV_PAIR


def test_a_value_from_elsewhere_is_no_link_and_the_last_of_a_name_counts() -> None:
    env = (EnvVar("MODEL_URI", "models:/iris/1"), EnvVar("MODEL_URI", "models:/iris/2"), EnvVar("OTHER_URI", None))
    link = only(PodTemplate({}, {}, (Container("server", "i", env=env),)))
    assert (link.version, link.slot.where) == ("2", f"{SPEC}/0/env/1/value")


def test_the_usual_name_before_any_other() -> None:
    link = only(template(container(env={"FALLBACK_URI": "models:/iris/2", "MODEL_URI": "models:/iris/3"})))
    assert link.version == "3"


def test_the_order_within_a_container() -> None:
    patterns = LinkPatterns(images=("registry/{model}:{version}",))
    pair = {"MODEL_NAME": "iris", "MODEL_VERSION": "4"}
    image = "registry/iris:5"
    uri = {"MODEL_URI": "models:/iris/1"}
    args = ("-m", "models:/iris/2")
    assert only(template(container(image=image, args=args, env=pair | uri)), patterns).how is How.ENV_URI
    assert only(template(container(image=image, args=args, env=pair)), patterns).how is How.ARG_URI
    assert only(template(container(image=image, env=pair)), patterns).how is How.ENV_PAIR
    assert only(template(container(image=image)), patterns).how is How.IMAGE


@pytest.mark.parametrize(
    ("pattern", "image", "wanted"),
    [
        ("registry/iris:{version}", "registry/iris:3", ("iris", "3")),
        ("registry:5000/ml/{model}:v{version}-gpu", "registry:5000/ml/wine:v12-gpu", ("wine", "12")),
        ("registry/iris:{version}", "registry/iris:latest", None),
        ("registry/iris:{version}", "registry/iris:3@sha256:abc", None),
        ("registry/iris:{version}", "registryXiris:3", None),
    ],
)
def test_an_image_by_pattern(pattern: str, image: str, wanted: tuple[str, str] | None) -> None:
    links = find_links(template(container(image=image)), LinkPatterns(images=(pattern,)))
    assert [(link.model, link.version) for link in links] == ([wanted] if wanted else [])


def test_a_pattern_without_a_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version"):
        image_pattern("registry/{model}")


def test_a_label_by_pattern_with_its_pointer_escaped() -> None:
    labels = {"app.kubernetes.io/name": "iris", "app.kubernetes.io/version": "3"}
    named = only(template(labels=labels), LinkPatterns(labels=(("app.kubernetes.io/version", "wine"),)))
    taken = only(template(labels=labels), LinkPatterns(labels=(("app.kubernetes.io/version", "{app.kubernetes.io/name}"),)))
    assert (named.model, taken.model, taken.version, taken.container) == ("wine", "iris", "3", None)
    assert taken.slot.where == "/spec/template/metadata/labels/app.kubernetes.io~1version"


def test_nothing_is_guessed() -> None:
    env = {"MLFLOW_TRACKING_URI": "http://mlflow:5000", "MODEL_PATH": "/models/iris", "VERSION": "3"}
    assert find_links(template(container(image="registry/iris:3", env=env), labels={"version": "3"})) == ()


def test_one_link_for_each_container() -> None:
    links = find_links(template(*(container(name, env={"MODEL_URI": f"models:/{name}/1"}) for name in ("a", "b"))))
    assert [(link.container, link.model) for link in links] == [("a", "a"), ("b", "b")]


OURS = {"modeldeck.dev/model": "iris", "modeldeck.dev/version": "3", "modeldeck.dev/run-id": RUN}


@pytest.mark.parametrize(
    ("uri", "annotated", "version", "model"),
    [
        ("models:/iris/3", True, "3", "iris"),
        ("models:/iris/4", False, "4", "iris"),
        ("models:/wine/3", False, "3", "wine"),
        ("models:/iris@champion", True, "3", "iris"),
        (f"runs:/{RUN}/model", True, "3", "iris"),
        (f"runs:/{RUN[::-1]}/model", False, None, None),
    ],
)
def test_annotations_beside_a_slot(uri: str, annotated: bool, version: str | None, model: str | None) -> None:
    link = only(template(container(env={"MODEL_URI": uri}), annotations=OURS))
    assert (link.annotated, link.version, link.model) == (annotated, version, model)
    assert dict(link.annotations) == OURS
    assert link.how is How.ENV_URI


def test_annotations_alone_are_the_slot() -> None:
    link = only(template(annotations={"modeldeck.dev/model": "iris", "modeldeck.dev/version": "3"}))
    assert (link.how, link.version, link.slot.where) == (How.ANNOTATION, "3", "/spec/template/metadata/annotations/modeldeck.dev~1version")
    assert find_links(template(annotations={"modeldeck.dev/version": "3"})) == ()


TEXTS = st.sampled_from(["models:/iris/3", "--m=models:/a@b", "x", "", f"runs:/{RUN}/m", "3", "iris", "v4", f"/mlruns/1/{RUN}/artifacts"])
ENV = st.lists(st.builds(EnvVar, st.sampled_from(["MODEL_URI", "MODEL_NAME", "MODEL_VERSION", "X"]), st.none() | TEXTS), max_size=5)
CONTAINERS = st.builds(
    Container,
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(["r/iris:3", "r/x"]),
    st.lists(TEXTS, max_size=3).map(tuple),
    st.lists(TEXTS, max_size=3).map(tuple),
    ENV.map(tuple),
)
KEYS = st.sampled_from([*OURS, "app", "team/a~b"])
TEMPLATES = st.builds(
    PodTemplate,
    st.dictionaries(KEYS, TEXTS, max_size=3),
    st.dictionaries(KEYS, TEXTS, max_size=3),
    st.lists(CONTAINERS, max_size=3, unique_by=lambda c: c.name).map(tuple),
)


@given(TEMPLATES)
def test_every_slot_is_a_place_of_the_template(found: PodTemplate) -> None:
    links = find_links(found, LinkPatterns(images=("r/{model}:{version}",), labels=(("app", "iris"),)))
    assert len(links) <= max(1, len(found.containers))
    for link in links:
        assert places(found)[link.slot.where] == link.slot.text
        assert any(part is not None for part in (link.version, link.alias, link.stage, link.run_id, link.model_id))
