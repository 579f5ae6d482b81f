"""What field selectors see of an object."""

from __future__ import annotations

import pytest

from kubesim.api.fields import canonical, known, selectable
from kubesim.api.kinds import CONFIGMAPS, EVENTS, KINDS, NEW_EVENTS, NODES, PODS, Kind

META = {"name": "iris", "namespace": "serving"}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.qualified)
def test_an_object_has_a_value_for_all_that_may_be_asked(kind: Kind) -> None:
    assert tuple(selectable(kind, {"metadata": META})) == known(kind)


def test_values_are_text_as_the_server_writes_it() -> None:
    found = selectable(PODS, {"metadata": META, "spec": {"nodeName": "node-1", "hostNetwork": True}, "status": {"phase": "Running"}})
    assert (found["metadata.name"], found["metadata.namespace"]) == ("iris", "serving")
    assert (found["spec.nodeName"], found["status.phase"], found["spec.hostNetwork"]) == ("node-1", "Running", "true")


def test_what_is_not_set_is_empty_and_a_switch_is_off() -> None:
    pod = selectable(PODS, {"metadata": {"name": "iris"}})
    assert (pod["metadata.namespace"], pod["spec.nodeName"], pod["spec.hostNetwork"]) == ("", "", "false")
    assert selectable(NODES, {"metadata": {"name": "node-1"}})["spec.unschedulable"] == "false"


@pytest.mark.parametrize(
    ("event", "source"),
    [
        ({"source": {"component": "kubelet"}, "reportingComponent": "other"}, "kubelet"),
        ({"source": {}, "reportingComponent": "other"}, "other"),
        ({}, ""),
    ],
)
def test_an_events_source_is_its_component_else_its_reporter(event: dict[str, object], source: str) -> None:
    assert selectable(EVENTS, {"metadata": META, **event})["source"] == source


@pytest.mark.parametrize(
    ("label", "stored"),
    [
        ("regarding.name", "involvedObject.name"),
        ("regarding", "involvedObject"),
        ("reportingController", "reportingComponent"),
        ("reason", "reason"),
    ],
)
def test_events_are_asked_by_either_name(label: str, stored: str) -> None:
    assert canonical(NEW_EVENTS, label) == canonical(EVENTS, label) == stored
    assert canonical(CONFIGMAPS, label) == label
