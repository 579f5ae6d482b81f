"""Templates as flat fields, and what they name."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from modeldeck.sources.kubernetes.surroundings.templates import MOST_FIELDS, ConfigReference, fields_of, references_in


def raw(value: Any) -> Raw:
    return Raw(json.dumps(value).encode())


def test_members_of_lists_stand_by_their_names() -> None:
    container = {
        "name": "server",
        "image": "iris:3",
        "args": ["--name", "two words"],
        "env": [
            {"name": "URI", "value": "x"},
            {"name": "EMPTY"},
            {"name": "FROM", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        ],
        "ports": [{"containerPort": 8080}],
        "tty": True,
        "resources": {},
    }
    assert fields_of(raw({"spec": {"containers": [container], "volumes": [{"name": "v", "emptyDir": {}}], "tolerations": []}})) == {
        ("spec", "containers", "server", "image"): "iris:3",
        ("spec", "containers", "server", "args"): "--name 'two words'",
        ("spec", "containers", "server", "env", "URI", "value"): "x",
        ("spec", "containers", "server", "env", "EMPTY", "value"): "",
        ("spec", "containers", "server", "env", "FROM", "valueFrom", "secretKeyRef", "name"): "s",
        ("spec", "containers", "server", "env", "FROM", "valueFrom", "secretKeyRef", "key"): "k",
        ("spec", "containers", "server", "ports", "0", "containerPort"): "8080",
        ("spec", "containers", "server", "tty"): "true",
        ("spec", "containers", "server", "resources"): "{}",
        ("spec", "volumes", "v", "emptyDir"): "{}",
        ("spec", "tolerations"): "[]",
    }


def test_names_that_tell_nothing_apart_are_values() -> None:
    found = fields_of(raw({"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}))
    assert found == {("env", "0", "name"): "A", ("env", "0", "value"): "1", ("env", "1", "name"): "A", ("env", "1", "value"): "2"}


def test_very_many_fields_are_cut() -> None:
    assert len(fields_of(raw({str(number): "x" for number in range(MOST_FIELDS + 10)}))) == MOST_FIELDS


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(st.dictionaries(st.text(), json_values))
def test_any_template_becomes_fields(value: dict[str, Any]) -> None:
    assert all(isinstance(text, str) for text in fields_of(raw(value)).values())


def test_configuration_is_named_in_five_ways() -> None:
    spec = {
        "containers": [
            {
                "name": "server",
                "env": [
                    {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "by-key", "key": "a"}}},
                    {"name": "B", "valueFrom": {"secretKeyRef": {"name": "key-secret", "key": "b"}}},
                    {"name": "C", "value": "plain"},
                ],
            }
        ],
        "initContainers": [{"name": "fetch", "envFrom": [{"configMapRef": {"name": "whole"}}, {"secretRef": {"name": "whole-secret"}}]}],
        "volumes": [
            {"name": "1", "configMap": {"name": "by-key"}},
            {"name": "2", "secret": {"secretName": "files"}},
            {"name": "3", "projected": {"sources": [{"configMap": {"name": "p"}}, {"secret": {"name": "ps"}}, {"downwardAPI": {}}]}},
            {"name": "4", "emptyDir": {}},
        ],
    }
    assert references_in(raw({"spec": spec})) == tuple(
        ConfigReference(*one)
        for one in (
            ("ConfigMap", "by-key", True),
            ("ConfigMap", "p", True),
            ("ConfigMap", "whole", False),
            ("Secret", "files", True),
            ("Secret", "key-secret", False),
            ("Secret", "ps", True),
            ("Secret", "whole-secret", False),
        )
    )


@pytest.mark.parametrize("template", [{}, {"spec": {}}, {"spec": {"containers": None, "volumes": [{}]}}])
def test_a_template_may_name_none(template: Any) -> None:
    assert references_in(raw(template)) == ()
