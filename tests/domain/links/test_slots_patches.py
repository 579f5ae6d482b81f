"""The patch that an edit is sent as, and the way back where lists have shifted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.links.linking import find_links
from modeldeck.domain.links.slots import Edits, escape, places, slot_edits, template_patch, undo_edits, unescape
from tests.domain.links.templates import container, template

SPEC = "/spec/template/spec"
NOTE, LABEL = "/spec/template/metadata/annotations", "/spec/template/metadata/labels"
BASE = template(
    container("server", env={"A": "1", "B": "2"}, args=("-x", "-y"), command=("run", "it")),
    container("side", image="side:1"),
    labels={"app": "iris"},
    annotations={"a/b~c": "n"},
)
WITH_INIT = replace(BASE, init_containers=(container("fetch", env={"URI": "models:/iris/1"}),))


def test_every_place_has_a_pointer() -> None:
    assert places(WITH_INIT) == {
        f"{NOTE}/a~1b~0c": "n",
        f"{LABEL}/app": "iris",
        f"{SPEC}/containers/0/image": "registry/server:1",
        f"{SPEC}/containers/0/env/0/value": "1",
        f"{SPEC}/containers/0/env/1/value": "2",
        f"{SPEC}/containers/0/args/0": "-x",
        f"{SPEC}/containers/0/args/1": "-y",
        f"{SPEC}/containers/0/command/0": "run",
        f"{SPEC}/containers/0/command/1": "it",
        f"{SPEC}/containers/1/image": "side:1",
        f"{SPEC}/initContainers/0/image": "registry/server:1",
        f"{SPEC}/initContainers/0/env/0/value": "models:/iris/1",
    }
    assert unescape(escape("a/b~1c")) == "a/b~1c"


@pytest.mark.parametrize(
    ("edits", "patch"),
    [
        ({}, {}),
        ({f"{NOTE}/a~1b~0c": ("n", None)}, {"metadata": {"annotations": {"a/b~c": None}}}),
        ({f"{LABEL}/app": ("iris", "x"), f"{NOTE}/n": (None, "1")}, {"metadata": {"labels": {"app": "x"}, "annotations": {"n": "1"}}}),
        ({f"{SPEC}/containers/1/image": ("side:1", "side:2")}, {"spec": {"containers": [{"name": "side", "image": "side:2"}]}}),
        (
            {f"{SPEC}/containers/0/env/1/value": ("2", "3"), f"{SPEC}/containers/0/env/0/value": ("1", None)},
            {"spec": {"containers": [{"name": "server", "env": [{"name": "B", "value": "3"}, {"name": "A", "$patch": "delete"}]}]}},
        ),
        ({f"{SPEC}/containers/0/args/1": ("-y", "-z")}, {"spec": {"containers": [{"name": "server", "args": ["-x", "-z"]}]}}),
        ({f"{SPEC}/containers/0/command/0": ("run", None)}, {"spec": {"containers": [{"name": "server", "command": ["it"]}]}}),
        (
            {f"{SPEC}/initContainers/0/env/0/value": ("models:/iris/1", "models:/iris/2")},
            {"spec": {"initContainers": [{"name": "fetch", "env": [{"name": "URI", "value": "models:/iris/2"}]}]}},
        ),
    ],
)
def test_what_the_api_server_is_sent(edits: Edits, patch: dict[str, Any]) -> None:
    assert template_patch(edits, WITH_INIT) == patch


@pytest.mark.parametrize("where", [f"{SPEC}/containers/7/image", f"{SPEC}/containers/0", f"{SPEC}/containers/0/ports/0", "/spec/replicas"])
def test_what_is_no_place_of_the_template_cannot_be_patched(where: str) -> None:
    with pytest.raises(ValueError, match="not a place"):
        template_patch({where: ("a", "b")}, WITH_INIT)


ENV = f"{SPEC}/containers/0/env/%d/value"


@pytest.mark.parametrize(
    ("edits", "env", "undo"),
    [
        ({ENV % 0: ("0", "1")}, {"A": "1", "B": "2"}, {ENV % 0: ("1", "0")}),
        ({ENV % 0: ("1", "0")}, {"A": "1", "B": "2"}, {}),
        ({ENV % 0: ("0", "1")}, {"NEW": "x", "A": "1"}, {ENV % 1: ("1", "0")}),
        ({ENV % 0: ("0", "1")}, {"NEW": "1", "A": "1"}, {ENV % 0: ("1", "0")}),
        ({ENV % 0: ("0", "1")}, {"NEW": "x", "A": "1", "C": "1"}, None),
        ({ENV % 0: ("0", "1")}, {"A": "9"}, None),
        ({ENV % 0: ("0", "1"), ENV % 1: ("0", "1")}, {"X": "x", "Y": "y", "A": "1", "B": "1"}, {ENV % 2: ("1", "0"), ENV % 3: ("1", "0")}),
        ({ENV % 0: ("0", "1"), ENV % 1: ("0", "1")}, {"X": "x", "Y": "y", "A": "1"}, None),
        ({ENV % 0: ("0", "1"), ENV % 1: ("0", "2")}, {"X": "x", "Y": "y", "B": "2", "A": "1"}, {ENV % 3: ("1", "0"), ENV % 2: ("2", "0")}),
    ],
)
def test_only_our_own_places_are_taken_back_wherever_they_are_now(edits: Edits, env: dict[str, str], undo: Edits | None) -> None:
    assert undo_edits(edits, template(container(env=env))) == undo


def test_a_place_is_found_again_only_among_its_like() -> None:
    edits: Edits = {f"{SPEC}/containers/0/args/0": ("0", "1")}
    assert undo_edits(edits, template(container(args=("x", "1")))) == {f"{SPEC}/containers/0/args/1": ("1", "0")}
    assert undo_edits(edits, template(container(args=("x",), env={"A": "1"}))) is None
    assert undo_edits(edits, template(container("new"), container(args=("1",)))) == {f"{SPEC}/containers/1/args/0": ("1", "0")}
    noted: Edits = {f"{NOTE}/version": ("0", "1")}
    assert undo_edits(noted, template(annotations={"other": "1"})) is None, "what does not move is not looked for elsewhere"
    assert undo_edits({f"{NOTE}/version": (None, "1")}, template(annotations={"version": "1"})) == {f"{NOTE}/version": ("1", None)}


RUN, NEXT = "0" * 32, "f" * 32


@pytest.mark.parametrize(
    ("before", "source", "after"),
    [
        ("models:/iris/1", "", "models:/iris/2"),
        ("models://profile/iris/1", "", "models://profile/iris/2"),
        (f"runs:/{RUN}/model", f"s3://b/1/{NEXT}/artifacts/model", f"runs:/{NEXT}/model"),
        (f"s3://b/1/{RUN}/artifacts/old", f"s3://b/1/{NEXT}/artifacts/model", f"s3://b/1/{NEXT}/artifacts/model"),
        (f"s3://b/1/{RUN}/artifacts/m", f"gs://b/1/{NEXT}/artifacts/model", f"s3://b/1/{NEXT}/artifacts/m"),
        (f"s3://b/1/{RUN}/artifacts/m", "", f"s3://b/1/{NEXT}/artifacts/m"),
        (f"/mnt/mlruns/1/{RUN}/artifacts/m", f"/mnt/mlruns/1/{NEXT}/artifacts/n", f"/mnt/mlruns/1/{NEXT}/artifacts/n"),
    ],
)
def test_the_kind_of_reference_that_stands_there_stays(before: str, source: str, after: str) -> None:
    (link,) = find_links(template(container(env={"MODEL_URI": before})))
    assert slot_edits(link, "2", model="iris", run_id=NEXT, source=source)[f"{SPEC}/containers/0/env/0/value"] == (before, after)
