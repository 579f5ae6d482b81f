"""Each known server by what it writes: scraped by an engine that evaluates PromQL, and asked as the deck and the command line ask.

tests/sources/prometheus/test_profiles_contract.py holds the same against a real Prometheus.
"""

from __future__ import annotations

import pytest
from prombed import Prombed

from modeldeck.domain.metrics.measured import fleet_stats
from modeldeck.domain.metrics.pod_labels import PodLabels
from modeldeck.domain.metrics.profiles.queries import bulk_queries
from modeldeck.domain.metrics.profiles.servers import PROFILES
from modeldeck.domain.metrics.profiles.sidecars import SIDECARS
from modeldeck.domain.metrics.samples import Sample, ServingStats, Vector
from modeldeck.domain.metrics.scraping import Scraped, questions, scraped_as
from modeldeck.domain.metrics.series_scope import SeriesScope
from tests.support.expositions import CASES, DOCUMENTED, EXPOSITIONS, MINUTE, POD, RECORDED, Told, grown, held

END = 1_120


def vector(engine: Prombed, promql: str) -> Vector:
    found = engine.query(promql, END * 1000)["data"]["result"]
    return Vector(tuple(Sample(one["metric"], float(END), float(one["value"][1])) for one in found))


def scraped(files: tuple[str, ...]) -> Prombed:
    """Two minutes in which the counters grew to twice what was recorded, evenly."""
    engine = Prombed(targets=[])
    for name in files:
        text = (EXPOSITIONS / f"{name}.txt").read_text()
        for at in range(0, 125, 5):
            engine.ingest(grown(text, at / MINUTE), timestamp_ms=(END - 120 + at) * 1000, labels={**POD, "container": name})
    return engine


def seen(engine: Prombed) -> Scraped:
    (question,) = questions((), SeriesScope())
    found = scraped_as([one.labels for one in vector(engine, question).samples], PodLabels(), SeriesScope())
    assert found is not None
    return found


def stats(engine: Prombed, found: Scraped) -> ServingStats:
    queries = bulk_queries(found.profile, ["serving"], labels=found.labels)
    vectors = {name: vector(engine, promql) for name, promql in queries.items()}
    return fleet_stats(found.profile, vectors, {"serving/" + POD["pod"]: "iris"})["iris"]


@pytest.mark.parametrize(("files", "told"), CASES.items(), ids=["+".join(files) for files in CASES])
def test_a_server_is_told_by_what_it_writes(files: tuple[str, ...], told: Told) -> None:
    engine = scraped(files)
    found = seen(engine)
    assert (found.profile.name, found.notes) == (told.profile, told.notes)
    held(stats(engine, found), told)


@pytest.mark.parametrize("name", ["mlserver", "istio", "vllm"])
def test_a_server_that_starts_anew_counts_on(name: str) -> None:
    """Its counters begin at 0 again: nothing is negative, and nothing counts twice."""
    engine, text = Prombed(targets=[]), (EXPOSITIONS / f"{name}.txt").read_text()
    for at in range(0, 125, 5):
        engine.ingest(grown(text, (at % 90) / MINUTE), timestamp_ms=(END - 120 + at) * 1000, labels={**POD, "container": name})
    told = CASES[name,]
    assert told.requests is not None
    assert told.failed is not None
    got = stats(engine, seen(engine))
    # What was counted between the last scrape before and the end is lost: one interval of the window's twelve.
    assert got.requests_per_second == pytest.approx(told.requests / MINUTE, rel=0.1)
    assert got.error_ratio == pytest.approx(told.failed / told.requests)
    assert got.p50 is not None
    assert told.p50 is not None
    assert told.p50[0] <= got.p50 <= told.p50[1]


def test_every_profile_has_an_exposition_and_every_exposition_its_origin() -> None:
    assert {told.profile for told in CASES.values()} == {profile.name for profile in PROFILES} | {
        sidecar.profile.name for sidecar in SIDECARS
    }
    assert {path.stem for path in EXPOSITIONS.iterdir()} == {*RECORDED, *DOCUMENTED} == {name for files in CASES for name in files}
