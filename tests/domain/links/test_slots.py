"""Edits of slots: that the patch does what the edits say, that a promoted template reads back as promoted, and that undo restores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.kubernetes.workloads import Container, EnvVar, PodTemplate
from modeldeck.domain.links.linking import find_links
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.links.slots import Edits, escape, places, slot_edits, template_patch, undo_edits, unescape
from tests.domain.links.templates import container, template
from tests.domain.links.test_linking import OURS, RUN, TEMPLATES

PATTERNS = LinkPatterns(images=("r/{model}:v{version}-py3.11",), labels=(("app", "iris"),))
NEW_RUN = "f" * 32


def merged(base: PodTemplate, patch: Mapping[str, Any]) -> PodTemplate:
    """A strategic merge patch of what `template_patch` can write, done in the plainest way."""
    meta = patch.get("metadata", {})
    return PodTemplate(
        _merged_map(base.labels, meta.get("labels", {})),
        _merged_map(base.annotations, meta.get("annotations", {})),
        _merged_containers(base.containers, patch.get("spec", {}).get("containers", ())),
        _merged_containers(base.init_containers, patch.get("spec", {}).get("initContainers", ())),
    )


def _merged_containers(base: tuple[Container, ...], changes: Sequence[Mapping[str, Any]]) -> tuple[Container, ...]:
    containers = {c.name: c for c in base}
    for change in changes:
        old = containers[change["name"]]
        env = {v.name: v for v in old.env}
        for entry in change.get("env", ()):
            if entry.get("$patch") == "delete":
                env.pop(entry["name"])
            else:
                env[entry["name"]] = EnvVar(entry["name"], entry["value"])
        containers[old.name] = replace(
            old,
            image=change.get("image", old.image),
            command=tuple(change.get("command", old.command)),
            args=tuple(change.get("args", old.args)),
            env=tuple(env.values()),
        )
    return tuple(containers.values())


def _merged_map(base: Mapping[str, str], patch: Mapping[str, str | None]) -> dict[str, str]:
    return {key: text for key, text in {**base, **patch}.items() if text is not None}


def promoted(base: PodTemplate, version: str = "7", model: str = "iris") -> tuple[Edits, PodTemplate]:
    link = find_links(base, PATTERNS)[0]
    edits = slot_edits(link, version, model=model, run_id=NEW_RUN)
    return edits, merged(base, template_patch(edits, base))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("models:/iris/3", "models:/iris/7"),
        ("models:/iris/Production", "models:/iris/7"),
        ("models://profile/iris/3", "models://profile/iris/7"),
        (f"runs:/{RUN}/model", f"runs:/{NEW_RUN}/model"),
        (f"mlflow-artifacts:/1/{RUN}/artifacts/m", f"mlflow-artifacts:/1/{NEW_RUN}/artifacts/m"),
        (f"s3://b/1/models/m-{RUN}/artifacts", "models:/iris/7"),
        ("--m=models:/iris/3 --port 3", "--m=models:/iris/7 --port 3"),
        ("models:/iris@champion", "models:/iris@champion"),
    ],
)
def test_the_kind_of_reference_stays(before: str, after: str) -> None:
    _, new = promoted(template(container(args=("serve", before))))
    assert new.containers[0].args == ("serve", after)
    assert new.annotations == {"modeldeck.dev/model": "iris", "modeldeck.dev/version": "7", "modeldeck.dev/run-id": NEW_RUN}


def test_the_source_of_the_new_version_where_it_is_of_the_same_kind() -> None:
    (link,) = find_links(template(container(env={"STORAGE_URI": f"s3://b/1/{RUN}/artifacts/m"})))
    source = f"s3://b/2/{NEW_RUN}/artifacts/other"
    edits = slot_edits(link, "7", model="iris", run_id=NEW_RUN, source=source)
    assert edits[link.slot.where][1] == source


def test_only_the_version_in_image_pair_and_label() -> None:
    _, image = promoted(template(container(image="r/iris:v3-py3.11")))
    _, pair = promoted(template(container(env={"MODEL_NAME": "iris", "MODEL_VERSION": "v3"})))
    _, label = promoted(template(labels={"app": "3"}))
    assert image.containers[0].image == "r/iris:v7-py3.11"
    assert pair.containers[0].env[1] == EnvVar("MODEL_VERSION", "v7")
    assert label.labels == {"app": "7"}


def test_another_model_is_refused() -> None:
    with pytest.raises(ValueError, match="iris"):
        promoted(template(container(env={"MODEL_URI": "models:/iris/3"})), model="wine")


def test_nothing_to_edit_where_it_already_stands() -> None:
    base = template(container(env={"MODEL_URI": "models:/iris/3"}), annotations=OURS)
    assert slot_edits(find_links(base)[0], "3", model="iris", run_id=RUN) == {}


def test_a_run_that_is_not_known_takes_its_annotation_away() -> None:
    base = template(container(env={"MODEL_URI": "models:/iris/3"}), annotations=OURS)
    edits = slot_edits(find_links(base)[0], "4", model="iris", run_id=None)
    assert template_patch(edits, base)["metadata"] == {"annotations": {"modeldeck.dev/version": "4", "modeldeck.dev/run-id": None}}


def test_a_place_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ValueError, match="place"):
        template_patch({"/spec/template/spec/containers/9/image": ("a", "b")}, template())
    with pytest.raises(ValueError, match="place"):
        template_patch({"/spec/replicas": ("1", "2")}, template())


@given(st.text())
def test_escaping_goes_both_ways(key: str) -> None:
    assert unescape(escape(key)) == key
    assert "/" not in escape(key)


@given(TEMPLATES)
def test_a_promoted_template_names_the_new_version_and_undo_restores_it(base: PodTemplate) -> None:
    base = replace(base, containers=tuple(map(_unique_env, base.containers)), init_containers=tuple(map(_unique_env, base.init_containers)))
    links = find_links(base, PATTERNS)
    if not links:
        return
    link = links[0]
    model = link.model or "iris"
    edits = slot_edits(link, "7", model=model, run_id=NEW_RUN)
    new = merged(base, template_patch(edits, base))
    assert {where: places(new).get(where) for where in edits} == {where: after for where, (_, after) in edits.items()}
    found = next(one for one in find_links(new, PATTERNS) if set(link.places) <= set(one.places))
    assert (found.model, found.version, found.annotated) == (model, "7", True)
    undo = undo_edits(edits, new)
    assert undo is not None
    assert merged(new, template_patch(undo, new)) == base


def _unique_env(of: Container) -> Container:
    return replace(of, env=tuple({v.name: v for v in of.env}.values()))


def test_two_in_one_text_keep_their_places_where_the_first_gets_longer() -> None:
    _, new = promoted(template(container(args=("serve models:/iris/3 --also models:/iris/3 -p 80",))), version="1234")
    assert new.containers[0].args == ("serve models:/iris/1234 --also models:/iris/1234 -p 80",)


def test_all_places_that_agree_are_edited_together() -> None:
    server = container(args=("serve", "models:/iris/3 models:/iris/3"), env={"MODEL_NAME": "iris", "MODEL_VERSION": "3"})
    fetch = container("fetch", command=("sh", "-c", "get 'models:/iris/3'"))
    base = replace(template(server, container("side", env={"URI": "models:/iris/3"})), init_containers=(fetch,))
    edits, new = promoted(base)
    assert new.containers[0].args == ("serve", "models:/iris/7 models:/iris/7")
    assert new.containers[0].env[1] == EnvVar("MODEL_VERSION", "7")
    assert new.containers[1].env == (EnvVar("URI", "models:/iris/7"),)
    assert new.init_containers[0].command == ("sh", "-c", "get 'models:/iris/7'")
    undo = undo_edits(edits, new)
    assert undo is not None
    assert merged(new, template_patch(undo, new)) == base


def test_a_run_in_a_variable_needs_the_run_of_the_new_version() -> None:
    (link,) = find_links(template(container(args=("runs:/$(RUN)/model",), env={"RUN": RUN})))
    assert slot_edits(link, "7", model="iris", run_id=NEW_RUN)[link.slot.where] == (RUN, NEW_RUN)
    with pytest.raises(ValueError, match="run"):
        slot_edits(link, "7", model="iris", run_id=None)


def test_undo_keeps_what_others_changed_and_finds_a_moved_place() -> None:
    edits, new = promoted(template(container(env={"MODEL_URI": "models:/iris/3"})))
    first = new.containers[0]
    shifted = replace(new, containers=(container("added"), replace(first, image="other:2", env=(EnvVar("NEW", "1"), *first.env))))
    undo = undo_edits(edits, shifted)
    assert undo is not None
    back = merged(shifted, template_patch(undo, shifted))
    assert back.containers[1] == replace(shifted.containers[1], env=(EnvVar("NEW", "1"), EnvVar("MODEL_URI", "models:/iris/3")))
    assert back.annotations == {}


def test_undo_finds_all_places_that_moved_together() -> None:
    uri = {"MODEL_URI": "models:/iris/3"}
    edits, new = promoted(template(container("a", env=uri), container("b", env=uri)))
    shifted = replace(
        new, containers=(container("x", env={"A": "1"}), *(replace(c, env=(EnvVar("N", "1"), *c.env)) for c in new.containers))
    )
    undo = undo_edits(edits, shifted)
    assert undo is not None
    back = merged(shifted, template_patch(undo, shifted))
    assert [c.env[1:] for c in back.containers[1:]] == [(EnvVar("MODEL_URI", "models:/iris/3"),)] * 2
    one_gone = replace(shifted, containers=shifted.containers[:2])
    assert undo_edits(edits, one_gone) is None


def test_undo_is_refused_where_somebody_changed_the_slot() -> None:
    edits, new = promoted(template(container(env={"MODEL_URI": "models:/iris/3"})))
    other = replace(new, containers=(replace(new.containers[0], env=(EnvVar("MODEL_URI", "models:/iris/9"),)),))
    assert undo_edits(edits, other) is None
    assert undo_edits(edits, template(container(env={"MODEL_URI": "models:/iris/3"}))) == {}


def test_a_flag_stays_before_whatever_comes_in_its_place() -> None:
    path = f"s3://bucket/1/{'0' * 32}/artifacts/model"
    (link,) = find_links(PodTemplate(containers=(Container("server", "i", args=(f"--model-uri={path}",)),)))
    where, _, *_ = slot_edits(link, "9", model="iris", run_id=None)
    assert slot_edits(link, "9", model="iris", run_id=None)[where] == (f"--model-uri={path}", "--model-uri=models:/iris/9")
