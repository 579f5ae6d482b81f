"""Whose series are asked for."""

from __future__ import annotations

from modeldeck.live.pod_groups import all_pods
from tests.support import sample


def test_all_pods_of_a_deployment_are_found_by_name_also_those_that_are_gone() -> None:
    found = all_pods(sample.FLEET, "serving", "iris")
    assert (found.name, found.pattern) == ("", "iris-[a-z0-9]+-[a-z0-9]{5}")
