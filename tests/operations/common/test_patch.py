"""Edits of a Deployment by pointer: which of them start a rollout, whether they stand, and what a patch of them is."""

from __future__ import annotations

import pytest

from modeldeck.domain.kubernetes.annotations import RESTARTED_AT
from modeldeck.domain.links.slots import Edits
from modeldeck.operations.common.patch import of_annotations, of_template, own_annotation, patch, reversed_edits, stand, strays, tail
from tests.domain.links.templates import container, deployment, template

ENV, LABEL = "/spec/template/spec/containers/0/env/0/value", "/spec/template/metadata/labels/app"
NOTE = "/spec/template/metadata/annotations/modeldeck.dev~1version"
OWN = own_annotation("modeldeck.dev/operation")
RESTARTED = f"/spec/template/metadata/annotations/{RESTARTED_AT.replace('/', '~1')}"
OF = deployment(
    of=template(container(env={"MODEL_URI": "models:/iris/1"}), annotations={"modeldeck.dev/version": "1"}),
    annotations={"modeldeck.dev/operation": "op"},
)
FORTH: Edits = {ENV: ("models:/iris/1", "models:/iris/2"), NOTE: ("1", "2"), OWN: (None, "op")}


def test_which_edits_start_a_rollout() -> None:
    assert OWN == "/metadata/annotations/modeldeck.dev~1operation"
    assert set(of_template(FORTH)) == {ENV, NOTE}
    assert set(of_annotations(FORTH)) == {OWN}


def test_edits_stand_where_each_of_them_does() -> None:
    assert not stand(FORTH, OF)
    assert stand({OWN: (None, "op")}, OF)
    assert stand({ENV: ("?", "models:/iris/1"), OWN: (None, "op")}, OF)
    assert stand({own_annotation("gone"): ("x", None)}, OF)
    assert stand({}, OF)


def test_what_holds_neither_text_is_told() -> None:
    assert strays(FORTH, OF) == ()
    assert strays({ENV: ("a", None), own_annotation("gone"): ("x", "y")}, OF) == (
        f"{ENV}: 'models:/iris/1', neither 'a' nor nothing",
        "/metadata/annotations/gone: nothing, neither 'x' nor 'y'",
    )


def test_a_patch_is_guarded_by_what_was_read() -> None:
    assert patch({OWN: ("op", None)}, OF) == {"metadata": {"resourceVersion": "1", "annotations": {"modeldeck.dev/operation": None}}}
    assert patch({OWN: ("op", None)}, OF, guarded=False) == {"metadata": {"annotations": {"modeldeck.dev/operation": None}}}
    assert patch({}, OF, guarded=False) == {}
    body = patch({ENV: ("models:/iris/1", "models:/iris/2")}, OF, guarded=False)
    server = {"name": "server", "env": [{"name": "MODEL_URI", "value": "models:/iris/2"}]}
    assert body == {"spec": {"template": {"spec": {"containers": [server]}}}}


def test_an_own_annotation_of_somebody_else_is_left_alone() -> None:
    edits: Edits = {OWN: (None, "op"), own_annotation("theirs"): ("old", "ours")}
    assert reversed_edits(edits, OF) == {OWN: ("op", None)}
    assert reversed_edits({ENV: ("models:/iris/0", "models:/iris/1")}, OF) == {ENV: ("models:/iris/1", "models:/iris/0")}
    assert reversed_edits({ENV: ("models:/iris/0", "models:/iris/9")}, OF) is None


@pytest.mark.parametrize(("now", "back"), [("ours", {RESTARTED: ("ours", "before")}), ("before", {}), ("later", {})])
def test_a_restart_after_ours_is_left_alone(now: str, back: dict[str, tuple[str, str]]) -> None:
    of = deployment(of=template(annotations={RESTARTED_AT: now}))
    assert reversed_edits({RESTARTED: ("before", "ours")}, of) == back


@pytest.mark.parametrize(
    ("where", "end"), [(ENV, "env/0/value"), (NOTE, "modeldeck.dev/version"), (OWN, "modeldeck.dev/operation"), (LABEL, "app")]
)
def test_people_recognise_a_place_by_its_end(where: str, end: str) -> None:
    assert tail(where) == end
