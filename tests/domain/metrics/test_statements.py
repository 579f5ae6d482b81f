"""What pods state: which of it means the registered version, and which is only shown."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.metrics.samples import Sample, Vector
from modeldeck.domain.metrics.statements import OURS, Statement, known_metrics, registered_version, statement_key, statements

OWN = LinkPatterns(versions=(("build_info", "model_version"),))


@pytest.mark.parametrize(
    ("exported", "patterns", "known"),
    [
        (("model_info",), LinkPatterns(), (OURS,)),
        (("version", "up"), LinkPatterns(), ()),
        ((), OWN, (("build_info", "model_version"),)),
        (("model_info",), OWN, (OURS, ("build_info", "model_version"))),
        (("model_info",), LinkPatterns(versions=(("model_info", "tag"),)), (("model_info", "tag"),)),
    ],
)
def test_ours_counts_where_it_is_scraped_and_what_is_configured_always(
    exported: tuple[str, ...], patterns: LinkPatterns, known: tuple[tuple[str, str], ...]
) -> None:
    assert known_metrics(exported, patterns) == known


@pytest.mark.parametrize(
    ("metric", "label", "labels", "means"),
    [
        ("model_info", "version", {"model": "iris", "version": "3"}, ("iris", "3")),
        ("model_info", "version", {"model_name": "iris", "version": "v3"}, ("iris", "3")),
        ("model_info", "version", {"version": "3"}, None),
        ("model_info", "version", {"model": "iris", "version": "3.1"}, None),
        ("model_info", "version", {"model": "iris"}, None),
        ("build_info", "model_version", {"model_version": "3"}, (None, "3")),
        ("build_info", "model_version", {"model": "iris", "model_version": "3"}, ("iris", "3")),
        ("build_info", "model_version", {"model_version": "latest"}, None),
    ],
)
def test_what_means_the_registered_version(
    metric: str, label: str, labels: Mapping[str, str], means: tuple[str | None, str] | None
) -> None:
    assert registered_version(metric, label, labels, OWN) == means


def vector(*series: tuple[Mapping[str, str], float]) -> Vector:
    return Vector(tuple(Sample(labels, 0.0, value) for labels, value in series))


def test_each_pod_with_what_it_states_and_what_its_server_says() -> None:
    told = {
        statement_key("model_info"): vector(
            ({"pod": "a", "model": "iris", "version": "3"}, 1.0),
            ({"pod": "a", "model": "iris", "version": "2"}, 0.0),
            ({"pod": "b", "model": "iris", "version": "default"}, 1.0),
            ({"pod": "c", "model": "iris"}, 1.0),
            ({"model": "iris", "version": "9"}, 1.0),
        ),
        statement_key("build_info"): vector(({"pod": "b", "model_version": "7"}, 1.0)),
        "versions": vector(({"pod": "a", "folder": "1"}, 1.0), ({"folder": "5"}, 1.0), ({"pod": "c"}, 1.0)),
    }
    known = {"a": Statement((("iris", "3"),), ("1",)), "b": Statement(((None, "7"),), ("default",))}
    assert statements(told, ("nv_version", "folder"), OWN, lambda labels: labels.get("pod")) == known
    without = {"a": Statement((("iris", "3"),)), "b": Statement(((None, "7"),), ("default",))}
    assert statements(told, None, OWN, lambda labels: labels.get("pod")) == without


def test_a_statement_of_several_versions_is_none() -> None:
    two, both = Statement((("iris", "3"), ("wine", "4"))), Statement((("iris", "3"), ("iris", "4")), ("1",))
    assert [two.version(model) for model in ("iris", "wine", "other", None)] == ["3", "4", None, None]
    assert [both.version(model) for model in ("iris", None)] == [None, None]
    assert (two.other_words("iris"), both.other_words("iris"), two.other_words(None)) == (("wine 4",), ("1",), ())
    assert Statement(((None, "3"),)).other_words("iris") == ()
