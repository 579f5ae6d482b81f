"""References of one container: how their places are named, which play another role, and what stands in the way of reading one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.kubernetes.workloads import Container, EnvVar
from modeldeck.domain.links.links import LinkSource
from modeldeck.domain.links.references import plays_another_role, references
from tests.domain.links.templates import container

STEM, RUN = "/spec/template/spec/containers/0", "0123456789abcdef0123456789abcdef"


def found(of: Container) -> list[tuple[str, str]]:
    """The name of each place, and what stands there."""
    return [(link.slot.name, link.text) for link in references(STEM, of).links]


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        ({"args": ("-m", "models:/iris/3")}, "server/args/-m"),
        ({"args": ("--model-uri=models:/iris/3",)}, "server/args/--model-uri"),
        ({"args": ("serve", "models:/iris/3")}, "server/args/1"),
        ({"args": ("--port=80", "models:/iris/3")}, "server/args/1"),
        ({"args": ("models:/iris/3",)}, "server/args/0"),
        ({"command": ("sh", "-c", "serve --uri models:/iris/3")}, "server/command/--uri"),
        ({"command": ("sh", "-c", "MODEL_URI=models:/iris/3 serve")}, "server/command/MODEL_URI"),
        ({"command": ("sh", "-c", "exec serve && load -u 'models:/iris/3'")}, "server/command/-u"),
        ({"command": ("sh", "-c", "serve models:/iris/3")}, "server/command/2"),
        ({"env": {"MODEL_URI": "models:/iris/3"}}, "server/env/MODEL_URI"),
        ({"env": {"OPTS": "--uri models:/iris/3"}}, "server/env/OPTS"),
    ],
)
def test_a_place_is_named_as_people_call_it(parts: dict[str, Any], name: str) -> None:
    assert found(container(**parts)) == [(name, "models:/iris/3")]


def test_two_in_one_place_are_told_apart_by_number() -> None:
    both = container(env={"URIS": "models:/iris/3,models:/wine/4,models:/rose/5"})
    assert found(both) == [
        ("server/env/URIS", "models:/iris/3"),
        ("server/env/URIS/2", "models:/wine/4"),
        ("server/env/URIS/3", "models:/rose/5"),
    ]


def test_of_a_variable_that_stands_twice_the_last_counts() -> None:
    twice = replace(container(), env=(EnvVar("MODEL_URI", "models:/iris/1"), EnvVar("MODEL_URI", "models:/iris/2")))
    (link,) = references(STEM, twice).links
    assert (link.version, link.slot.where) == ("2", f"{STEM}/env/1/value")
    hidden = replace(twice, env=(twice.env[0], EnvVar("MODEL_URI", None, "key x of Secret y")))
    assert references(STEM, hidden).links == ()
    assert references(STEM, hidden).unread == ("MODEL_URI of container server comes from key x of Secret y",)


@pytest.mark.parametrize(
    ("name", "value", "other"),
    [
        ("MODEL_URI", "models:/iris/3", False),
        ("FALLBACK_MODEL_URI", "models:/iris/3", True),
        ("shadowModelUri", "models:/iris/3", True),
        ("BASELINE-URI", "models:/iris/3", True),
        ("OLDER_URI", "models:/iris/3", False),
        ("DATA_URI", f"runs:/{RUN}/train", True),
        ("MODEL_URI", f"runs:/{RUN}/rows.parquet", True),
        ("MODEL_URI", f"runs:/{RUN}/model", False),
        ("MODEL_URI", "models:/iris.csv/3", False),
    ],
)
def test_a_name_or_a_file_of_data_tells_that_another_model_may_be_meant(name: str, value: str, other: bool) -> None:
    (link,) = references(STEM, container(env={name: value})).links
    assert plays_another_role(link) is other


def test_a_container_that_is_called_so_says_nothing_of_its_places() -> None:
    (link,) = references(STEM, container("shadow", env={"MODEL_URI": "models:/iris/3"})).links
    assert not plays_another_role(link)
    assert not plays_another_role(replace(link, how=LinkSource.IMAGE, slot=replace(link.slot, name="server/backup")))


@pytest.mark.parametrize(
    ("env", "pair"),
    [
        ({"MODEL_NAME": "iris", "MODEL_VERSION": "3"}, ("iris", "3")),
        ({"model_name": "iris", "model_version": "v3"}, ("iris", "3")),
        ({"A_MODEL_NAME": "iris", "MODEL_VERSION": "3"}, None),
        ({"A_MODEL_NAME": "iris", "A_MODEL_VERSION": "3"}, ("iris", "3")),
        ({"MODEL": "wine", "MODEL_NAME": "iris", "MODEL_VERSION": "3"}, ("iris", "3")),
        ({"MODEL_NAME": "", "MODEL": "wine", "MODEL_VERSION": "3"}, ("wine", "3")),
        ({"MODEL_NAME": "iris", "MODEL_VERSION": "3.1"}, None),
        ({"MODEL_VERSION": "3"}, None),
        ({"NAME": "iris", "MODEL_NAME": "$(NAME)", "MODEL_VERSION": "3"}, ("iris", "3")),
        ({"MODEL_NAME": "$(NOBODY)", "MODEL_VERSION": "3"}, None),
    ],
)
def test_a_pair_of_variables(env: dict[str, str], pair: tuple[str, str] | None) -> None:
    links = references(STEM, container(env=env)).links
    assert [(link.model, link.version, link.how) for link in links] == ([(*pair, LinkSource.ENV_PAIR)] if pair else [])


@pytest.mark.parametrize(
    ("of", "message"),
    [
        (container(env={"MODEL_URI": "models:/iris/$(VERSION)"}), ("MODEL_URI of container server reads VERSION, which is not set there",)),
        (
            container(env={"MODEL_NAME": "iris", "MODEL_ALIAS": "blue"}),
            ("MODEL_ALIAS of container server names an alias (blue), not a version",),
        ),
        (container(env={"MODEL_NAME": "iris", "MODEL_STAGE": "x"}), ("MODEL_STAGE of container server names a stage (x), not a version",)),
        (container(env={"MODEL_ALIAS": "blue"}), ()),
        (container(env={"MODEL_NAME": "iris", "MODEL_ALIAS": ""}), ()),
        (replace(container(), env=(EnvVar("MODEL_VERSION", None),)), ("MODEL_VERSION of container server comes from elsewhere",)),
        (replace(container(), env=(EnvVar("SHADOW_MODEL_URI", None),)), ()),
        (
            replace(container(), env=(EnvVar("MODEL_URI", None, "the field metadata.name"),)),
            ("MODEL_URI of container server comes from the field metadata.name",),
        ),
        (replace(container(), env=(EnvVar("PORT", None),)), ()),
        (
            container(env={"MODEL_URI": "models:/"}),
            ("MODEL_URI of container server names a model in a form that is not understood: models:/",),
        ),
        (container(env={"SHADOW_URI": "models:/"}), ()),
        (container(env={"MODEL_URI": "models:/iris/3"}), ()),
    ],
)
def test_what_stands_in_the_way_of_reading(of: Container, message: tuple[str, ...]) -> None:
    assert references(STEM, of).unread == message


def test_a_value_that_a_text_reads_from_elsewhere_is_told_with_where() -> None:
    of = replace(container(args=("models:/iris/$(V)",)), env=(EnvVar("V", None, "key v of ConfigMap versions"),))
    assert references(STEM, of).unread == ("`args` of container server reads V, which comes from key v of ConfigMap versions",)


def test_where_a_part_of_a_reference_comes_from_that_place_is_edited() -> None:
    of = container(env={"V": "3", "R": RUN, "WHOLE": "models:/iris/4"}, args=("models:/iris/$(V)", "runs:/$(R)/model", "$(WHOLE)"))
    links = {link.slot.name: link for link in references(STEM, of).links}
    assert {name: (link.how, link.span, link.slot.where) for name, link in links.items()} == {
        "server/env/V": (LinkSource.ENV_PAIR, (0, 1), f"{STEM}/env/0/value"),
        "server/env/R": (LinkSource.ENV_URI, (0, 32), f"{STEM}/env/1/value"),
        "server/env/WHOLE": (LinkSource.ENV_URI, (0, 14), f"{STEM}/env/2/value"),
    }


def test_an_alias_that_is_put_together_is_followed_and_not_edited() -> None:
    of = container(env={"A": "champion"}, args=("models:/iris@$(A)",))
    (link,) = references(STEM, of).links
    assert (link.alias, link.span, link.slot.where) == ("champion", None, f"{STEM}/args/0")
