"""Serving links: what is found where, in which order, and what is never taken for one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.kubernetes.workloads import Container, EnvVar, PodTemplate
from modeldeck.domain.links.linking import chosen_places, find_links, image_pattern, taken_in, unread
from modeldeck.domain.links.links import LinkPatterns, LinkSource, ServingLink
from modeldeck.domain.links.slots import places
from tests.domain.links.templates import container, deployment, template

RUN = "0123456789abcdef0123456789abcdef"
SPEC = "/spec/template/spec/containers"


def only(found: PodTemplate, patterns: LinkPatterns | None = None) -> ServingLink:
    (link,) = find_links(found, patterns or LinkPatterns())
    return link


def test_an_environment_value() -> None:
    link = only(template(container(env={"PORT": "80", "MODEL_URI": "models:/iris/3"})))
    assert (link.model, link.version, link.how) == ("iris", "3", LinkSource.ENV_URI)
    assert (link.slot.where, link.slot.text) == (f"{SPEC}/0/env/1/value", "models:/iris/3")


def test_an_argument_of_the_second_container() -> None:
    server = container("server", args=("models", "serve", "--model-uri=models:/iris@champion"))
    link = only(template(container("proxy"), server))
    assert (link.model, link.alias, link.version, link.container) == ("iris", "champion", None, "server")
    assert link.slot.where == f"{SPEC}/1/args/2"


def test_a_command_for_a_shell() -> None:
    link = only(template(container(command=("sh", "-c", f"mlflow models serve -m runs:/{RUN}/model"))))
    assert (link.model, link.run_id, link.how, link.slot.where) == (None, RUN, LinkSource.ARG_URI, f"{SPEC}/0/command/2")


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
    assert [(link.model, link.version, link.how) for link in links] == ([(*wanted, LinkSource.ENV_PAIR)] if wanted else [])


def test_references_that_the_kubelet_expands_leave_the_pair() -> None:
    server = container(args=("-m", "models:/$(MODEL_NAME)/$(MODEL_VERSION)"), env={"MODEL_NAME": "iris", "MODEL_VERSION": "3"})
    assert only(template(server)).how is LinkSource.ENV_PAIR


def test_a_value_from_elsewhere_is_no_link_and_the_last_of_a_name_counts() -> None:
    env = (EnvVar("MODEL_URI", "models:/iris/1"), EnvVar("MODEL_URI", "models:/iris/2"), EnvVar("OTHER_URI", None))
    link = only(PodTemplate({}, {}, (Container("server", "i", env=env),)))
    assert (link.version, link.slot.where) == ("2", f"{SPEC}/0/env/1/value")


def places_of(links: tuple[ServingLink, ...]) -> list[tuple[str, ...]]:
    return [link.places for link in links]


@pytest.mark.parametrize(
    "beside",
    [
        {"env": {"DRIFT_REFERENCE": f"runs:/{RUN}/reference.parquet"}},
        {"env": {"FALLBACK_MODEL_URI": "models:/iris/1"}},
        {"env": {"FALLBACK_MODEL_URI": "models:/iris/3"}},
        {"env": {"SHADOW_MODEL_NAME": "iris", "SHADOW_MODEL_VERSION": "1"}},
        {"env": {"BASELINE": f"s3://b/1/{RUN}/artifacts/data.csv"}},
        {"command": ("serve", "--draft-model=models:/iris/1")},
    ],
)
def test_another_reference_beside_the_one_that_serves_is_not_certain(beside: dict[str, Any]) -> None:
    links = find_links(template(container(args=("-m", "models:/iris/3"), **beside)))
    assert links[0].places[0] == "server/args/-m"
    assert not any(link.certain for link in links)
    (chosen,) = find_links(template(container(args=("-m", "models:/iris/3"), **beside)), chosen=("server/args",))
    assert (chosen.certain, chosen.places) == (True, ("server/args/-m",))


@pytest.mark.parametrize("name", ["FALLBACK_MODEL_URI", "shadowModelUri", "DRIFT_REFERENCE_URI"])
def test_the_only_reference_may_not_be_the_one_that_serves(name: str) -> None:
    (link,) = find_links(template(container(env={name: "models:/iris/3"})))
    assert not link.certain


def test_places_that_agree_are_one_link() -> None:
    server = container(args=("-m", "models:/iris/3"), env={"MODEL_URI": "models:/iris/3", "MODEL_NAME": "iris", "MODEL_VERSION": "3"})
    monitor = container("monitor", env={"MODEL_URI": "models:/iris/3"})
    fetch = container("fetch", command=("mlflow", "artifacts", "download", "--artifact-uri", "models:/iris/3"))
    whole = replace(template(server, monitor), init_containers=(fetch,))
    link = only(whole)
    assert link.certain
    assert set(link.places) == {
        "server/env/MODEL_URI",
        "server/args/-m",
        "server/env/MODEL_VERSION",
        "monitor/env/MODEL_URI",
        "fetch/command/--artifact-uri",
    }
    assert link.slot.where == f"{SPEC}/0/env/0/value"


def test_an_init_container_that_fetches_another_version_is_not_certain() -> None:
    fetch = container("fetch", env={"MODEL_URI": "models:/iris/2"})
    links = find_links(replace(template(container(env={"MODEL_URI": "models:/iris/3"})), init_containers=(fetch,)))
    assert places_of(links) == [("server/env/MODEL_URI",), ("fetch/env/MODEL_URI",)]
    assert not any(link.certain for link in links)


def test_two_references_in_one_text() -> None:
    both = template(container(command=("sh", "-c", "serve -m 'models:/my iris/3' --compare models:/iris/1 --compare models:/iris/1")))
    links = find_links(both)
    assert places_of(links) == [("server/command/-m",), ("server/command/--compare", "server/command/--compare/2")]
    assert find_links(both, chosen=("server/command/-m",))[0].model == "my iris"


def test_a_choice_that_is_not_there_leaves_nothing_certain() -> None:
    (link,) = find_links(template(container(env={"MODEL_URI": "models:/iris/3"})), chosen=("server/env/OTHER",))
    assert not link.certain


def test_a_choice_of_a_run_and_a_version_says_that_they_are_the_same() -> None:
    server = container(env={"MODEL_URI": f"runs:/{RUN}/model", "MODEL_NAME": "iris", "MODEL_VERSION": "3"})
    (link,) = find_links(template(server), chosen=("server",))
    assert (link.certain, link.version, link.places) == (True, "3", ("server/env/MODEL_VERSION", "server/env/MODEL_URI"))


@pytest.mark.parametrize(
    ("annotations", "configured", "wanted"),
    [
        ({}, (), ()),
        ({"modeldeck.dev/link": "a, b/env/X"}, (("serving/iris", "c"),), ("a", "b/env/X")),
        ({}, (("serving/iris", "c"), ("serving/wine", "d")), ("c",)),
    ],
)
def test_where_a_choice_stands(annotations: dict[str, str], configured: tuple[tuple[str, str], ...], wanted: tuple[str, ...]) -> None:
    assert chosen_places(deployment(annotations=annotations), LinkPatterns(deployments=configured)) == wanted


@pytest.mark.parametrize(
    ("env", "word", "place", "text"),
    [
        ({"NAME": "iris", "VER": "3"}, "models:/$(NAME)/$(VER)", "server/env/VER", "3"),
        ({"NAME": "iris"}, "models:/${NAME}/3", "server/args/-m", "models:/${NAME}/3"),
        ({"URI": "models:/iris/3"}, "$(URI)", "server/env/URI", "models:/iris/3"),
        ({"VER": "3", "URI": "models:/iris/$(VER)"}, "--uri=$URI", "server/env/VER", "3"),
        ({}, "${URI:-models:/iris/3}", "server/args/-m", "${URI:-models:/iris/3}"),
        ({"RUN": RUN}, "runs:/$(RUN)/model", "server/env/RUN", RUN),
        ({"S": "Production"}, "models:/iris/$(S)", "server/env/S", "Production"),
    ],
)
def test_variables_are_followed_to_where_the_version_stands(env: dict[str, str], word: str, place: str, text: str) -> None:
    link = only(template(container(args=("-m", word), env=env)))
    assert (link.certain, link.places[0], link.slot.text) == (True, place, text)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            {"env": (EnvVar("MODEL_URI", None, "key uri of ConfigMap models"),)},
            "MODEL_URI of container server comes from key uri of ConfigMap models",
        ),
        (
            {"args": ("-m", "models:/iris/$(V)"), "env": (EnvVar("V", None, "key v of Secret s"),)},
            "`args` of container server reads V, which comes from key v of Secret s",
        ),
        ({"command": ("sh", "-c", "serve models:/iris/$V")}, "`command` of container server reads V, which is not set there"),
        (
            {"env": (EnvVar("MODEL_NAME", "iris"), EnvVar("MODEL_STAGE", "Production"))},
            "MODEL_STAGE of container server names a stage (Production), not a version",
        ),
        (
            {"args": ("models:/iris/$(A)$(B)",), "env": (EnvVar("A", "1"), EnvVar("B", "2"))},
            "`args` of container server puts models:/iris/12 together from parts",
        ),
    ],
)
def test_what_cannot_be_read_is_told_and_makes_others_uncertain(parts: dict[str, Any], message: str) -> None:
    server = Container("server", "i", **parts)
    assert find_links(PodTemplate({}, {}, (server,))) == ()
    assert unread(PodTemplate({}, {}, (server,))) == (message,)
    beside = container("side", env={"OTHER_URI": "models:/iris/1"})
    assert [link.certain for link in find_links(PodTemplate({}, {}, (server, beside)))] == [False]


def test_where_whole_sets_of_variables_come_from() -> None:
    assert taken_in(template(Container("server", "i", env_from=("ConfigMap m",)))) == ("container server takes variables from ConfigMap m",)


def test_a_field_of_the_pod_is_nothing_that_stands_elsewhere() -> None:
    env = (EnvVar("MODEL_URI", "models:/iris/3"), EnvVar("MODEL_VERSION", None, "the field metadata.labels['v']"))
    assert only(template(Container("server", "i", env=env))).certain


def test_images_count_beside_other_references_only_of_the_same_model() -> None:
    patterns = LinkPatterns(images=("registry/{model}:{version}",))
    uri = {"MODEL_URI": "models:/iris/5"}
    assert only(template(container(image="registry/iris:5", env=uri)), patterns).places == ("server/env/MODEL_URI", "server/image")
    assert only(template(container(image="registry/proxy:1", env=uri)), patterns).places == ("server/env/MODEL_URI",)
    assert not any(link.certain for link in find_links(template(container(image="registry/iris:4", env=uri)), patterns))
    assert only(template(container(image="registry/iris:5")), patterns).how is LinkSource.IMAGE


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


@pytest.mark.parametrize("pattern", ["registry/{model}", "registry/{version}:{version}", "{model}/{model}:{version}"])
def test_a_pattern_without_exactly_one_version_or_with_two_models_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="version"):
        image_pattern(pattern)


def test_any_of_several_image_patterns() -> None:
    patterns = LinkPatterns(images=("other/{model}:{version}", "registry/{model}:{version}"))
    assert only(template(container(image="registry/iris:5")), patterns).version == "5"


def test_a_label_by_pattern_with_its_pointer_escaped() -> None:
    labels = {"app.kubernetes.io/name": "iris", "app.kubernetes.io/version": "3"}
    named = only(template(labels=labels), LinkPatterns(labels=(("app.kubernetes.io/version", "wine"),)))
    taken = only(template(labels=labels), LinkPatterns(labels=(("app.kubernetes.io/version", "{app.kubernetes.io/name}"),)))
    assert (named.model, taken.model, taken.version, taken.container) == ("wine", "iris", "3", None)
    assert taken.slot.where == "/spec/template/metadata/labels/app.kubernetes.io~1version"


def test_nothing_is_guessed() -> None:
    env = {"MLFLOW_TRACKING_URI": "http://mlflow:5000", "MODEL_PATH": "/models/iris", "VERSION": "3"}
    assert find_links(template(container(image="registry/iris:3", env=env), labels={"version": "3"})) == ()


def test_each_reference_once() -> None:
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
    assert link.how is LinkSource.ENV_URI


def test_annotations_alone_are_the_slot() -> None:
    link = only(template(annotations={"modeldeck.dev/model": "iris", "modeldeck.dev/version": "3"}))
    assert (link.how, link.version, link.slot.where) == (
        LinkSource.ANNOTATION,
        "3",
        "/spec/template/metadata/annotations/modeldeck.dev~1version",
    )
    assert find_links(template(annotations={"modeldeck.dev/version": "3"})) == ()


PATTERNS = LinkPatterns(images=("r/{model}:{version}",), labels=(("app", "iris"),))
TEXTS = st.sampled_from(
    [
        "models:/iris/3",
        "--m=models:/a@b",
        "x",
        "",
        f"runs:/{RUN}/m",
        "3",
        "iris",
        "v4",
        "models:/iris/$(X)",
        "'models:/a b/2'",
        f"/mlruns/1/{RUN}/artifacts",
    ]
)
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
    st.lists(CONTAINERS.map(lambda c: replace(c, name=f"init-{c.name}")), max_size=1).map(tuple),
)


@given(TEMPLATES)
def test_every_slot_is_a_place_of_the_template(found: PodTemplate) -> None:
    links = find_links(found, PATTERNS)
    assert len(links) <= 1 or not any(link.certain for link in links)
    assert len({place for link in links for place in link.places}) == sum(len(link.places) for link in links)
    for link in (one for each in links for one in (each, *each.also)):
        assert places(found)[link.slot.where] == link.slot.text
        assert any(part is not None for part in (link.version, link.alias, link.stage, link.run_id, link.model_id))
        if link.how is not LinkSource.ANNOTATION:
            assert find_links(found, PATTERNS, (link.slot.name,))


@pytest.mark.parametrize(
    ("named", "certain"),
    [
        ({"MODEL_URI": "models:/iris/7"}, True),
        ({"MODEL_URI": "models:/iris/7", "OTHER_URI": "models:/iris/7"}, True),
        ({"MODEL_URI": "models:/iris/7", "OTHER_URI": "models:/iris/6"}, False),
        ({"MODEL_URI": "models:/iris@champion"}, False),
    ],
)
def test_who_chooses_a_run_beside_one_version_says_that_they_are_the_same(named: dict[str, str], certain: bool) -> None:
    both = template(container(env={**named, "RUN_URI": f"runs:/{RUN}/model"}))
    links = find_links(both, chosen=("server/env",))
    assert [link.certain for link in links] == ([True] if certain else [False] * len({*named.values(), RUN}))


def test_a_reference_whose_model_comes_from_another_variable_is_edited_where_its_version_stands() -> None:
    link = only(template(container(env={"NAME": "iris", "MODEL_URI": "models:/$(NAME)/3"})))
    assert (link.model, link.version, link.how, link.slot.where) == ("iris", "3", LinkSource.ENV_URI, f"{SPEC}/0/env/1/value")
    link = only(template(container(env={"VERSION": "3", "MODEL_URI": "models:/iris/$(VERSION)"})))
    assert (link.model, link.version, link.how, link.slot.where) == ("iris", "3", LinkSource.ENV_PAIR, f"{SPEC}/0/env/0/value")
