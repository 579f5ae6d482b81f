"""In what two templates differ, as somebody reads it at night."""

from __future__ import annotations

from modeldeck.domain.changes.template_changes import MOST, differences, is_restart
from modeldeck.domain.kubernetes.surroundings import FieldPath

SERVER: FieldPath = ("spec", "containers", "server")
RESTARTED: FieldPath = ("metadata", "annotations", "kubectl.kubernetes.io/restartedAt")


def of(*parts: str) -> FieldPath:
    return (*SERVER, *parts)


def test_images_then_environment_then_resources_then_arguments_then_the_rest() -> None:
    before = {
        of("image"): "iris:3",
        of("env", "MODEL_URI", "value"): "models:/iris/3",
        of("resources", "limits", "memory"): "1Gi",
        of("args"): "serve --workers 4",
        ("spec", "serviceAccountName"): "old",
    }
    after = {
        of("image"): "iris:4",
        of("env", "MODEL_URI", "value"): "models:/iris/4",
        of("resources", "limits", "memory"): "512Mi",
        of("args"): "serve --workers 1",
        ("spec", "serviceAccountName"): "new",
    }
    assert differences(before, after) == (
        "image of server: iris:3 → iris:4",
        "variable MODEL_URI of server: models:/iris/3 → models:/iris/4",
        "memory limit of server: 1Gi → 512Mi",
        "arguments of server: serve --workers 4 → serve --workers 1",
        "spec.serviceAccountName: old → new",
    )


def test_what_came_and_what_went() -> None:
    before = {of("env", "OLD", "value"): "1"}
    after = {of("env", "NEW", "value"): "", of("resources", "requests", "cpu"): "2"}
    assert differences(before, after) == (
        'variable NEW of server: added, ""',
        "variable OLD of server: removed, was 1",
        "cpu request of server: added, 2",
    )


def test_values_of_variables_that_may_be_secret_are_not_told() -> None:
    before = {of("env", "DB_PASSWORD", "value"): "hunter2", of("env", "API_TOKEN", "value"): "abc"}
    told = differences(before, {of("env", "DB_PASSWORD", "value"): "hunter3", of("env", "Client_Secret", "value"): "xyz"})
    assert told == (
        "variable API_TOKEN of server: removed",
        "variable Client_Secret of server: added",
        "variable DB_PASSWORD of server: changed",
    )


def test_where_a_variable_comes_from() -> None:
    before = {of("env", "URI", "valueFrom", "configMapKeyRef", "key"): "iris"}
    after = {of("env", "URI", "valueFrom", "configMapKeyRef", "key"): "wine"}
    assert differences(before, after) == ("source of variable URI (configMapKeyRef.key) of server: iris → wine",)


def test_init_containers_are_told_apart() -> None:
    path = ("spec", "initContainers", "fetch", "image")
    assert differences({path: "a"}, {path: "b"}) == ("image of init container fetch: a → b",)


def test_the_controllers_own_label_is_no_difference() -> None:
    path = ("metadata", "labels", "pod-template-hash")
    assert differences({path: "a"}, {path: "b"}) == ()
    assert is_restart({path: "a", RESTARTED: "1"}, {path: "b", RESTARTED: "2"})


def test_a_restart_changes_nothing_else() -> None:
    assert is_restart({of("image"): "a"}, {of("image"): "a", RESTARTED: "2"})
    assert not is_restart({of("image"): "a"}, {of("image"): "b", RESTARTED: "2"})
    assert not is_restart({of("image"): "a"}, {of("image"): "a"})
    assert differences({}, {RESTARTED: "2"}) == ("restarted by `kubectl rollout restart`, or what writes the same",)


def test_of_very_many_the_rest_is_counted_and_long_values_are_cut() -> None:
    many = {of("env", f"V{number:03}", "value"): "x" * 500 for number in range(MOST + 7)}
    told = differences({}, many)
    assert len(told) == MOST + 1
    assert told[-1] == "and 7 more"
    assert max(map(len, told)) < 170
