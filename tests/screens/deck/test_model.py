"""What the deck knows, without a screen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.cli.snapshot import Snapshot, Told
from modeldeck.domain.failures import Unreachable
from modeldeck.live.fleet_metrics import Stats
from modeldeck.live.hub import Topic
from modeldeck.screens.deck.model import DeckModel
from tests.support import sample


@pytest.mark.parametrize("stats", [sample.STATS, None])
def test_its_rows_are_those_of_the_command_line(stats: Stats | None) -> None:
    model = DeckModel(sample.ENVIRONMENT)
    model.receive(Topic.FLEET, sample.reading(sample.FLEET))
    model.receive(Topic.REGISTRY, sample.reading(sample.REGISTRY))
    if stats is not None:
        model.receive(Topic.STATS, sample.reading(stats))
    told = Told(sample.FLEET, None, 0.1, 0.0), Told(stats, None, 0.1, 0.0)
    seen = Snapshot(sample.ENVIRONMENT, Told(sample.REGISTRY, None, 0.1, 0.0), *told, Told((), None, 0.1, 0.0))
    assert sorted(model.truth, key=lambda row: row.key) == list(seen.rows())
    assert {row.stats.p99 is not None for row in seen.rows()} == {stats is not None}
    assert {row.alias for row in seen.rows() if row.model} == {sample.ENVIRONMENT.champion}


def test_figures_that_are_not_live_are_not_shown() -> None:
    model = DeckModel(sample.ENVIRONMENT)
    model.receive(Topic.FLEET, sample.reading(sample.FLEET))
    live = sample.reading(sample.STATS)
    model.receive(Topic.STATS, live)
    assert all(row.stats.p99 is not None for row in model.truth)
    model.receive(Topic.STATS, replace(live, failure=Unreachable("connection refused")))
    assert all(row.stats.p99 is None for row in model.truth)


def test_without_a_fleet_there_are_no_rows() -> None:
    model = DeckModel(sample.ENVIRONMENT)
    model.receive(Topic.REGISTRY, sample.reading(sample.REGISTRY))
    assert model.truth == ()
