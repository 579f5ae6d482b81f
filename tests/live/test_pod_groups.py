"""Whose series are asked for."""

from __future__ import annotations

from dataclasses import replace

from modeldeck.live.pod_groups import VersionPods, all_pods, pods_of_version
from tests.support import sample


def test_all_pods_of_a_deployment_are_found_by_name_also_those_that_are_gone() -> None:
    found = all_pods(sample.FLEET, "serving", "iris")
    assert (found.name, found.pattern) == ("", "iris-[a-z0-9]+-[a-z0-9]{5}")


def test_a_versions_pods_are_those_of_its_replica_sets() -> None:
    found = pods_of_version(sample.FLEET, "serving", VersionPods("v7", ("iris-7d9f8b6c5", "iris-5c6f")))
    assert (found.name, found.pattern) == ("v7", "iris-7d9f8b6c5-[a-z0-9]{5}|iris-5c6f-[a-z0-9]{5}")
    pods = (replace(sample.FLEET.pods[0], ip="10.0.0.7"), replace(sample.FLEET.pods[1], ip="10.0.0.8", owner_uid="other"))
    by_address = pods_of_version(replace(sample.FLEET, pods=pods), "serving", VersionPods("v7", ("rs-iris-3",)))
    assert [one.address for one in by_address.addresses] == ["10.0.0.7"]
