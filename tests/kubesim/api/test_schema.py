"""Decoding follows Go's."""

from __future__ import annotations

from typing import Any

import pytest

from kubesim.api.kinds import CONFIGMAPS, DEPLOYMENTS, KINDS, PODS, SECRETS, Kind
from kubesim.api.schema import Decoder, WrongType, zero_object


def deployment(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "iris"}, "spec": spec}


def decoded(kind: Kind, obj: dict[str, Any]) -> dict[str, Any]:
    return Decoder().decode(kind, obj)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.qualified)
def test_what_nobody_has_touched_decodes_to_itself(kind: Kind) -> None:
    assert decoded(kind, zero_object(kind)) == zero_object(kind) == decoded(kind, {})


def test_unknown_fields_are_dropped_and_told() -> None:
    decoder = Decoder()
    found = decoder.decode(DEPLOYMENTS, {"colour": 1, **deployment(replica=3, template={"spec": {"containers": [{"colour": "x"}]}})})
    assert decoder.unknown == ["colour", "spec.replica", "spec.template.spec.containers[0].colour"]
    assert "colour" not in found
    assert "replica" not in found["spec"]


def test_null_is_nothing_and_zero_is_kept_where_go_keeps_it() -> None:
    assert "replicas" not in decoded(DEPLOYMENTS, deployment(replicas=None))["spec"]
    assert decoded(DEPLOYMENTS, deployment(replicas=0))["spec"]["replicas"] == 0


def test_empty_maps_and_lists_disappear() -> None:
    found = decoded(CONFIGMAPS, {"metadata": {"labels": {}, "finalizers": []}, "data": {}})
    assert "data" not in found
    assert not {"labels", "finalizers"} & found["metadata"].keys()


def test_quantities_get_the_servers_spelling() -> None:
    container = {"name": "server", "resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}}}
    limits = decoded(PODS, {"spec": {"containers": [container]}})["spec"]["containers"][0]["resources"]["limits"]
    assert limits == {"cpu": "1", "memory": "1Gi"}


def test_a_whole_float_is_an_integer() -> None:
    replicas = decoded(DEPLOYMENTS, deployment(replicas=3.0))["spec"]["replicas"]
    assert (replicas, type(replicas)) == (3, int)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"replicas": "3"}, "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"),
        ({"replicas": True}, "json: cannot unmarshal bool into Go struct field DeploymentSpec.spec.replicas of type int32"),
        ({"replicas": 1.5}, "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32"),
        ({"paused": "yes"}, "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.paused of type bool"),
    ],
)
def test_a_value_of_the_wrong_type_is_told_in_gos_words(spec: dict[str, Any], message: str) -> None:
    with pytest.raises(WrongType) as wrong:
        decoded(DEPLOYMENTS, deployment(**spec))
    assert str(wrong.value) == message


@pytest.mark.parametrize("value", [[], "x", 3, True])
def test_a_struct_is_an_object(value: Any) -> None:
    with pytest.raises(WrongType, match="into Go"):
        decoded(DEPLOYMENTS, {"spec": value})


def test_an_amount_or_a_share_is_a_number_or_text() -> None:
    for value in (1, "25%"):
        found = decoded(DEPLOYMENTS, deployment(strategy={"rollingUpdate": {"maxSurge": value}}))
        assert found["spec"]["strategy"]["rollingUpdate"]["maxSurge"] == value
    with pytest.raises(WrongType, match="IntOrString"):
        decoded(DEPLOYMENTS, deployment(strategy={"rollingUpdate": {"maxSurge": True}}))


def test_secrets_are_base64() -> None:
    assert decoded(SECRETS, {"data": {"token": "YWJj"}})["data"] == {"token": "YWJj"}
    with pytest.raises(WrongType, match="illegal base64 data at input byte 2"):
        decoded(SECRETS, {"data": {"token": "ab!d"}})
