"""Whose series are compared with whose."""

from __future__ import annotations

from dataclasses import replace

from modeldeck.domain.drift.findings import Role
from modeldeck.domain.drift.settings import DriftSettings
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.metrics.pod_labels import PodLabels
from modeldeck.domain.metrics.scraping import Scraped
from modeldeck.domain.status.served_versions import ServedVersion
from tests.live.drift.world import CHANGED, FLEET, NOW, PREDICTIONS, SCRAPED, SETS, DriftWorld


def test_each_version_is_its_own_pods() -> None:
    subject = DriftWorld().subject()
    assert (subject.version, subject.since) == ("5", NOW - CHANGED)
    assert subject.present == 'namespace="serving",pod=~"iris-bbb-[a-z0-9]{5}"'
    assert isinstance(subject.before, ServedVersion)
    assert subject.of(subject.before) == 'namespace="serving",pod=~"iris-aaa-[a-z0-9]{5}"'
    assert subject.ever == 'namespace="serving",pod=~"iris-[a-z0-9]+-[a-z0-9]{5}"'


def test_the_predictions_of_the_profile_and_what_is_configured() -> None:
    world = DriftWorld(settings=DriftSettings(histograms=("age", PREDICTIONS)))
    assert world.subject().histograms == {"age": Role.INPUT, PREDICTIONS: Role.PREDICTIONS}
    world.scraped = None
    assert world.subject().histograms == {"age": Role.INPUT, PREDICTIONS: Role.INPUT}
    assert world.subject().present.startswith('namespace="serving",pod=~')


def test_without_replica_sets_all_pods_are_the_present_version() -> None:
    subject = DriftWorld(fleet=Fleet(FLEET.deployments, (), FLEET.pods)).subject()
    assert (subject.version, subject.since) == (None, 0.0)
    assert subject.present == subject.ever
    assert subject.before == "no version before is known"


def test_by_addresses_alone_only_what_is_there_now_is_known() -> None:
    by_address = Scraped(SCRAPED.profile, PodLabels("instance", "", by_address=True), several=("two clusters",))
    subject = DriftWorld(scraped=by_address).subject()
    assert "10" in subject.present
    assert subject.ever is None
    assert isinstance(subject.before, str)
    assert "by address alone" in subject.before
    assert subject.doubts == ("two clusters",)


def test_names_that_are_too_long_do_not_tell_the_versions_apart() -> None:
    long = "x" * 60
    sets = tuple(replace(each, name=f"{long}-{each.name}") for each in SETS)
    before = DriftWorld(fleet=replace(FLEET, replica_sets=sets)).subject().before
    assert isinstance(before, str)
    assert "too long" in before
