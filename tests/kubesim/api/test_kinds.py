"""The table of kinds, from which routing and discovery follow."""

from __future__ import annotations

import json

import pytest

from kubesim.api.kinds import ALL_VERBS, BY_KIND, BY_PATH, DEPLOYMENTS, EVENTS, KINDS, NEW_EVENTS, PODS, STORED, Kind
from kubesim.api.schema import names


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.qualified)
def test_every_kind_has_a_shape_and_is_found_by_path_and_by_name(kind: Kind) -> None:
    assert kind.schema in names()
    assert BY_PATH[kind.group, kind.version, kind.plural] is kind
    assert BY_KIND[kind.api_version, kind.kind] is kind
    assert set(kind.verbs) <= set(ALL_VERBS)


def test_a_group_is_part_of_the_name_where_there_is_one() -> None:
    assert (DEPLOYMENTS.api_version, DEPLOYMENTS.qualified) == ("apps/v1", "deployments.apps")
    assert (PODS.api_version, PODS.qualified) == ("v1", "pods")


def test_both_forms_of_events_are_one_table() -> None:
    assert EVENTS.table == NEW_EVENTS.table


def test_the_head_makes_a_stored_object_a_whole_one() -> None:
    assert json.loads(DEPLOYMENTS.head + b'"spec":{}}') == {"kind": "Deployment", "apiVersion": "apps/v1", "spec": {}}


def test_subresources_by_name() -> None:
    scale = DEPLOYMENTS.subresource("scale")
    assert scale
    assert (scale.kind, scale.group) == ("Scale", "autoscaling")
    assert DEPLOYMENTS.subresource("log") is None


def test_reviews_are_answered_and_never_kept() -> None:
    assert {kind.kind for kind in KINDS if kind not in STORED} == {
        "SelfSubjectReview",
        "SelfSubjectAccessReview",
        "SelfSubjectRulesReview",
    }
    assert all(kind.verbs == ("create",) for kind in KINDS if kind not in STORED)
